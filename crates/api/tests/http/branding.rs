//! The choices of the operator for the pages: name, logo, and the address where users continue.

use actix_web::test::TestRequest;
use tessera_api::{Branding, Logo};
use tessera_testkit::expectations::{ok, parsed, some};

use crate::{
    sso::SsoFlow,
    support::{Answer, TestServer},
};

const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01";
const HOME: &str = "https://app.example.com/start?from=a&b";
const CONTINUE: &str = " href=\"https://app.example.com/start?from=a&#38;b\">Continue to Acme &#60;Games&#62;</a>";

/// Pages that need no data.
const PAGES: [(&str, u16); 7] = [
    ("/", 200),
    ("/docs", 200),
    ("/problems", 200),
    ("/problems/email_taken", 200),
    ("/password/forgot", 200),
    ("/password/reset", 400),
    ("/nothing", 404),
];

fn branding(logo: Option<&[u8]>, home_url: Option<&str>) -> Branding {
    let logo = logo.map(|content| ok(Logo::new(content.to_vec())));
    Branding { product: parsed("Acme <Games>"), logo, home_url: home_url.map(str::to_owned) }
}

async fn visit(server: &TestServer, path: &str) -> Answer {
    server.send(TestRequest::get().uri(path).insert_header(("Accept", "text/html"))).await
}

fn html(answer: &Answer) -> &str {
    some(std::str::from_utf8(&answer.body).ok())
}

#[actix_web::test]
async fn each_page_has_the_name_in_its_title_and_the_logo_or_the_name_in_its_head() {
    let plain = TestServer::new().branded(branding(None, None));
    let with_logo = TestServer::new().branded(branding(Some(SVG), None));
    for (path, status) in PAGES {
        let page = visit(&plain, path).await;
        page.expecting(status);
        assert!(html(&page).contains(" – Acme &#60;Games&#62;</title>") && html(&page).contains("/assets/mark.svg\""));
        assert!(!html(&page).contains("Tessera") && !html(&page).contains("/assets/logo"), "{path}: {}", html(&page));
        let page = visit(&with_logo, path).await;
        assert!(html(&page).contains("src=\"/assets/logo\" alt=\"Acme &#60;Games&#62;\">"), "{path}: {}", html(&page));
        assert!(html(&page).contains("<link rel=\"icon\" href=\"/assets/logo\">"), "{path}: {}", html(&page));
    }
    assert!(html(&visit(&plain, "/").await).contains("<h1>Acme &#60;Games&#62;</h1>"));
    let early = with_logo.send_early(TestRequest::get().uri("/").insert_header(("Accept", "text/html"))).await;
    assert!(html(&early).contains("src=\"/assets/logo\" alt=\"Acme &#60;Games&#62;\">"), "{}", html(&early));
    assert_eq!(with_logo.send_early(TestRequest::get().uri("/assets/logo")).await.body, SVG);
}

#[actix_web::test]
async fn a_logo_is_served_so_that_it_cannot_run_scripts() {
    for (content, kind) in [(SVG, "image/svg+xml"), (PNG, "image/png")] {
        let server = TestServer::new().branded(branding(Some(content), None));
        for path in ["/assets/logo", "/favicon.ico"] {
            let logo = visit(&server, path).await;
            logo.expecting(200);
            assert_eq!(logo.body, content);
            assert_eq!(logo.header("content-type"), Some(kind));
            assert_eq!(logo.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(logo.header("cache-control"), Some("no-cache"));
            let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
            assert_eq!(logo.header("content-security-policy"), Some(policy));
            let tag = some(logo.header("etag")).to_owned();
            let again = server.send(TestRequest::get().uri(path).insert_header(("If-None-Match", tag))).await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        }
    }
    visit(&TestServer::new(), "/assets/logo").await.expecting(404);
}

#[actix_web::test]
async fn pages_continue_at_the_address_of_the_operator_and_at_no_other() {
    let server = TestServer::new().branded(branding(None, Some(HOME)));
    for path in ["/", "/nothing", "/password/reset", "/invitations/accept", "/api/v1/sso/web3/initiate"] {
        assert!(html(&visit(&server, path).await).contains(CONTINUE), "{path}: {}", html(&visit(&server, path).await));
        // No parameter of a request becomes a link.
        for name in ["return_to", "next", "redirect_uri", "home_url"] {
            let page = visit(&server, &format!("{path}?{name}=https://evil.example/")).await;
            assert!(!html(&page).contains("evil.example"), "{name}: {}", html(&page));
        }
        assert!(!html(&visit(&TestServer::new(), path).await).contains("Continue to"), "{path}");
    }
}

#[actix_web::test]
async fn a_sign_in_that_has_ended_leads_back_to_the_application_or_to_the_address_of_the_operator() {
    let flow = SsoFlow::on(TestServer::new().branded(branding(None, Some(HOME)))).await;
    let begun = flow.initiate(&[]).await;
    let (_, id) = some(some(begun.header("location")).split_once("session_id="));
    let cookie = some(some(begun.header("set-cookie")).split(';').next());
    flow.server.clock.advance(time::Duration::minutes(10));
    let page = flow.page(id, cookie).await;
    page.expecting(404);
    let text = html(&page);
    assert!(text.contains("This sign-in has expired"), "{text}");
    let link = "<a class=\"button\" href=\"https://game.example\">Continue to game.example</a>";
    assert_eq!((text.matches(link).count(), text.contains(CONTINUE)), (2, false), "{text}");
    // The page does not say to another browser which application it was.
    let page = flow.page(id, "").await;
    assert!(html(&page).contains(CONTINUE) && !html(&page).contains("game.example"), "{}", html(&page));
}
