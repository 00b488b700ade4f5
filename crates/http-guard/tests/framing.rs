//! Boundaries of requests, and faults in the framing.

#[path = "framing/beside.rs"]
mod beside;

use beside::{fault_of, sees_the_same};

const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

/// A request with these header fields and this body.
fn post(fields: &str, body: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: a\r\n{fields}\r\n{body}")
}

fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n", body)
}

#[track_caller]
fn is_good(bytes: &str) {
    sees_the_same(bytes.as_bytes());
    assert_eq!(fault_of(&[bytes.as_bytes()]), None, "{bytes:?}");
    // A fault in the next request shows that the framing recognized its start.
    let next = format!("{bytes}GET /b HTTP/1.1\n");
    sees_the_same(next.as_bytes());
    assert_eq!(fault_of(&[next.as_bytes()]), Some((next.len() - 1, true)), "{next:?}");
}

/// Asserts that the byte in angle brackets is the fault.
#[track_caller]
fn is_at_fault(bytes: &str, in_head: bool) {
    let at = bytes.find('<').unwrap_or_else(|| panic!("no mark"));
    let bytes = bytes.replacen(['<', '>'], "", 2);
    sees_the_same(bytes.as_bytes());
    assert_eq!(fault_of(&[bytes.as_bytes()]), Some((at, in_head)), "{bytes:?}");
}

#[test]
fn good_requests_have_no_fault() {
    let data = "{\n\"a\":\n\r\n\r1}";
    is_good(GET);
    is_good(&format!("\r\n\r\n{GET}"));
    is_good(&GET.repeat(3));
    is_good(&post("Content-Length: 0\r\n", ""));
    is_good(&post("content-LENGTH:\t 0012 \t\r\nContent-Type: a\r\n", data));
    is_good(&post("Connection: b\r\nTE: trailers\r\nUpgrade-Insecure-Requests: 1\r\nContent-Length: 12\r\n", data));
    is_good(&format!("{}{GET}", post("Expect: 100-continue\r\nContent-Length: 12\r\n", data)));
    is_good("GET /a HTTP/1.0\r\nX: \r\nContent-Length: 1\r\n\r\n\n");
    is_good("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\n");
    is_good("CONNECTED a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn good_chunks_have_no_fault() {
    is_good(&chunked("0\r\n\r\n"));
    is_good(&chunked("C\r\n{\n\"a\":\n\r\n\r1}\r\n0\r\n\r\n"));
    is_good(&chunked("00c;a=\"b\";\tc\r\n{\n\"a\":\n\r\n\r1}\r\n0 \t;d\r\nX: y\r\nZ:\r\n\r\n"));
    is_good(&post("transfer-ENCODING: \t Chunked \t\r\n", "1 \r\n\n\r\n1\r\n\r\r\n0\r\n\r\n"));
    is_good(&post("Upgrade: websocket\r\nTransfer-Encoding: chunked\r\n", "1\r\n\n\r\n0\r\n\r\n"));
    is_good(&format!("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{GET}"));
}

#[test]
fn a_bare_line_feed_in_a_head_is_a_fault() {
    for start in ["", GET, &post("Content-Length: 1\r\n", "\n"), &chunked("1\r\n\n\r\n0\r\n\r\n")] {
        for head in [
            "<\n>GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\n<\n>GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET<\n>/a HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a<\n>HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a HTTP/1.1<\n>Host: a\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: a<\n>\r\n",
            "GET /a HTTP/1.1\r\nHost:<\n>X: a\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: a\r\n<\n>",
            "GET /a HTTP/1.1<\n>Host: a\n\n",
            "GET /a HTTP/1.1\r\nContent-Length<\n>: 1\r\n\r\n",
            "GET /a HTTP/1.1\r\nContent-Length:<\n> 1\r\n\r\n",
            "GET /a HTTP/1.1\r\nContent-Length: 1<\n>\r\n",
            "GET /a HTTP/1.1\r\nTransfer-Encoding: chunked<\n>\r\n",
            "GET /a HTTP/1.1\r\nTransfer-Encoding: chu<\n>\r\n",
            "GET /a HTTP/1.1\r\nUpgrade: websocket<\n>\r\n",
            "GET /a HTTP/1.1\r\nUpgrade: web<\n>\r\n",
        ] {
            is_at_fault(&format!("{start}{head}"), true);
        }
    }
}

/// The decoder accepts any number of these bytes, so the framing is not compared with it.
#[test]
fn a_chunked_body_has_at_most_16_kib_besides_its_data() {
    for (before, after) in [("0;", "\r\n\r\n"), ("0\r\nX: ", "\r\n\r\n"), ("", "0\r\n\r\n")] {
        let filler = |length: usize| if before.is_empty() { "0" } else { "a" }.repeat(length);
        // The last line feed ends the body and is not counted.
        let fixed = before.len() + after.len() - 1;
        let good = chunked(&format!("{before}{}{after}", filler(16 * 1024 - fixed)));
        assert_eq!(fault_of(&[good.as_bytes()]), None, "{before:?}");
        let long = chunked(&format!("{before}{}{after}", filler(16 * 1024 - fixed + 1)));
        assert_eq!(fault_of(&[long.as_bytes()]), Some((long.len() - 2, false)), "{before:?}");
    }
    // Each byte of data allows eight more.
    let small = chunked(&format!("{}0\r\n\r\n", "1\r\na\r\n".repeat(64 * 1024)));
    assert_eq!(fault_of(&[small.as_bytes()]), None);
}

#[test]
fn malformed_chunks_are_faults() {
    for body in [
        "<z>\r\n",
        "<\r>\n",
        "< >1\r\n",
        "<->1\r\n",
        "0<x>1\r\n",
        "1<\n>a\r\n0\r\n\r\n",
        "1 <2>\r\n",
        "1;a<\n>a\r\n",
        "1;<\0>\r\n",
        "1\r<a>\r\n",
        "1\r\na<b>\r\n",
        "1\r\na<\n>0\r\n\r\n",
        "1\r\na\r<0>\r\n\r\n",
        "1\r\na\r\n<\r>\n",
        "0<\n>\r\n",
        "0\r\n<\n>",
        "0\r\n\r<a>",
        "0\r\nX: y<\n>\r\n",
        "0\r\nX: y\r<Z>: 1\r\n\r\n",
        "0\r\nX: y\r\n<\n>",
        "FFFFFFFFFFFFFFFF<F>\r\n",
        "1000000000000000<0>\r\n",
    ] {
        is_at_fault(&chunked(body), false);
    }
}

#[test]
fn what_switches_protocols_or_is_refused_is_let_through() {
    for rest in [
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        &post("Content-Length: 1\r\nContent-Length: 1\r\n", ""),
        &post("Content-Length: +1\r\n", ""),
        &post("Content-Length: 18446744073709551616\r\n", ""),
        &post("Transfer-Encoding: gzip, chunked\r\n", ""),
        &post("Transfer-Encoding: chunked, identity\r\n", ""),
        &post("Transfer-Encoding: identity\r\n", ""),
    ] {
        let bytes = format!("{rest}\n\n0\n\nGET / HTTP/1.1\n\n");
        sees_the_same(bytes.as_bytes());
        assert_eq!(fault_of(&[bytes.as_bytes()]), None, "{bytes:?}");
    }
}

#[test]
fn a_request_to_upgrade_ends_where_its_length_says() {
    for value in ["h2c", "websocket", "WebSocket \t", "\t websocket", "websocket, h2c", "websockets", "w", "", "w/1"] {
        for name in ["Upgrade", "UPGRADE"] {
            let upgrade = format!("Connection: upgrade\r\n{name}: {value}\r\n");
            is_good(&post(&upgrade, ""));
            is_good(&post(&format!("{upgrade}Content-Length: 1\r\n"), "\n"));
            is_good(&post(&format!("Content-Length: 1\r\n{upgrade}"), "\n"));
        }
    }
    is_good(&post("Upgrade: h2c\r\nUpgrade:websocket\r\nContent-Length: 1\r\n", "\n"));
    is_good("connect a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn nothing_but_the_first_letter_of_websocket_is_changed() {
    let request = |value, next| {
        let fields = format!("X-Upgrade: w\r\nUpgrade-Insecure-Requests: w\r\nUpgrade: {value}\r\n");
        post(&format!("{fields}{next}: w\r\nContent-Length: 1\r\n"), "w")
    };
    for (value, hidden) in
        [("websocket", "-ebsocket"), ("h2c, websocket", "h2c, websocket"), ("\t W", "\t -"), ("", "")]
    {
        for next in ["Upgraded", "U"] {
            let mut bytes = request(value, next).into_bytes();
            let (head, length) = (bytes.len() - 1, bytes.len());
            let mut framing = tessera_http_guard::Framing::default();
            assert_eq!(framing.advance(&mut bytes), Ok(Some(head)));
            assert_eq!(framing.advance(&mut bytes[head..]), Ok(Some(length - head)));
            assert_eq!(String::from_utf8_lossy(&bytes), request(hidden, next));
        }
    }
}

#[test]
fn framing_and_decoder_agree_on_the_seeds_of_the_fuzz_target() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/framing");
    let files = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{directory}: {error}"));
    let seeds: Vec<_> = files.map(|file| file.and_then(|file| std::fs::read(file.path()))).collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        sees_the_same(&seed.unwrap_or_else(|error| panic!("{directory}: {error}")));
    }
}
