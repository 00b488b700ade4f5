//! The example of `docs/browser.md`, on an origin other than that of the service.

use serde_json::json;
use tessera_tests::{
    browser::{Browser, Tab},
    database::Backend,
    process::Installation,
    read_workspace_file,
    test_org::{PASSWORD, Person, Service},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// An origin that serves one page.
struct Site {
    origin: String,
    listener: TcpListener,
}

impl Site {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        Self { origin: format!("http://{address}"), listener }
    }

    /// Serves the example until the end of the test, with the address of the service in place of the one in the file.
    /// Returns the origin.
    fn serve(self, service: &Service) -> String {
        let (html, address) = (read_workspace_file("docs/examples/browser.html"), "\"http://localhost:8080/api/v1\"");
        assert!(html.contains(address), "the example has another address");
        let html = html.replace(address, &format!("\"{}/api/v1\"", service.node.url()));
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n";
        let answer = format!("{head}Content-Length: {}\r\n\r\n{html}", html.len());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = self.listener.accept().await {
                let mut request = [0; 8192];
                drop(stream.read(&mut request).await);
                drop(stream.write_all(answer.as_bytes()).await);
            }
        });
        self.origin
    }
}

async fn sign_in(tab: &Tab, email: &str, password: &str) {
    for (field, text) in [("#email", email), ("#password", password)] {
        tab.evaluate(&format!("document.querySelector('{field}').value = ''")).await;
        tab.types(field, text).await;
    }
    tab.click("#sign-in button").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_a_listed_origin_signs_in_and_uses_the_api() {
    let site = Site::open().await;
    let settings = Installation::new(Backend::Sqlite).await.set("TESSERA_CORS_ORIGINS", &site.origin);
    let service = Service::on(settings);
    let person = Person::register(&service.api()).await;
    let origin = site.serve(&service);
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.go_and_see(&origin, "Notes").await;
    sign_in(&tab, &person.email, "wrong-password").await;
    tab.sees("(invalid_credentials, request ").await;
    sign_in(&tab, &person.email, PASSWORD).await;
    tab.sees(&format!("Signed in as {}", person.email)).await;
    tab.sees("Version \"0\"").await;
    tab.types("#note", "bring the lantern").await;
    tab.click("#notes button").await;
    tab.sees("Version \"1\"").await;
    let stored = person.get("/users/me/custom-data").await.expecting(200);
    assert_eq!(stored["data"], json!({"note": "bring the lantern"}));
    // The note changes elsewhere. The page must not overwrite the change.
    person.put("/users/me/custom-data", &json!({"data": {"note": "bring two"}})).await.is(200);
    tab.click("#notes button").await;
    tab.sees("The note was changed elsewhere").await;
    tab.click("#reload").await;
    tab.sees("Version \"2\"").await;
    assert_eq!(tab.evaluate("document.querySelector('#note').value").await, "bring two");
    let kept = tab.evaluate("localStorage.length + sessionStorage.length + document.cookie.length").await;
    assert_eq!(kept, 0, "the token is in memory only");
    // All sessions end, also the one of the page.
    person.delete("/users/me/sessions").await.is(204);
    tab.click("#reload").await;
    tab.sees("Your session has ended").await;
    sign_in(&tab, &person.email, PASSWORD).await;
    tab.click("#sign-out").await;
    tab.until("the form", "!document.querySelector('#sign-in').hidden").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_origin_gets_no_response() {
    let (listed, other) = (Site::open().await, Site::open().await);
    let settings = Installation::new(Backend::Sqlite).await.set("TESSERA_CORS_ORIGINS", &listed.origin);
    let service = Service::on(settings);
    let person = Person::register(&service.api()).await;
    let origin = other.serve(&service);
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.go_and_see(&origin, "Notes").await;
    sign_in(&tab, &person.email, PASSWORD).await;
    tab.sees(&format!("No response. Is {origin} in TESSERA_CORS_ORIGINS")).await;
    // It can read the documents that are open to every origin.
    let read = "fetch(API + '/openapi.json').then((response) => response.json()).then((it) => it.info.title)";
    let read = read.replace("API", &format!("'{}'", service.node.url()));
    assert_eq!(tab.evaluate(&read).await, "Tessera");
}
