//! Names and fingerprints of devices.

use tessera_identity::model::Device;
use tessera_kernel::UserId;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

fn at(agent: &str, address: &str) -> Device {
    Device::seen(Some(agent), address.parse().ok())
}

#[test]
fn it_is_called_what_people_call_it() {
    let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
                Safari/537.36 Edg/142.0.0.0";
    let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                  Version/18.5 Mobile/15E148 Safari/604.1";
    let names = [
        (FIREFOX, "Firefox on Linux"),
        (edge, "Edge on Windows"),
        (safari, "Safari on iPhone"),
        ("curl/8.9.1", "curl"),
        ("", "an unknown program"),
        ("Call +1 555 0100 at once (Windows)", "an unknown program on Windows"),
    ];
    for (agent, name) in names {
        assert_eq!(at(agent, "203.0.113.7").to_string(), name);
    }
    assert_eq!(Device::seen(None, None).to_string(), "an unknown program");
}

#[test]
fn an_update_or_another_address_of_the_provider_does_not_make_it_another() {
    let user = UserId::from_uuid(uuid::Uuid::from_u128(1));
    let one = at(FIREFOX, "203.0.113.7").fingerprint(user);
    assert_eq!(at(&FIREFOX.replace("145", "146"), "203.0.200.9").fingerprint(user), one);
    assert_eq!(at(FIREFOX, "::ffff:203.0.113.7").fingerprint(user), one);
    for other in
        [at(FIREFOX, "203.1.113.7"), at("curl/8", "203.0.113.7"), at(&FIREFOX.replace("Linux", ""), "203.0.113.7")]
    {
        assert_ne!(other.fingerprint(user), one);
    }
    let unknown = at("Guild-Launcher/1.2 (x)", "203.0.113.7").fingerprint(user);
    assert_eq!(at("Guild-Launcher/2.0 (y)", "203.0.113.7").fingerprint(user), unknown);
    for other in ["Other-Launcher/1.2 (x)", "", "\u{fc}/1"] {
        assert_ne!(at(other, "203.0.113.7").fingerprint(user), unknown);
    }
    assert_ne!(at(FIREFOX, "203.0.113.7").fingerprint(UserId::from_uuid(uuid::Uuid::from_u128(2))), one);
    let six = at(FIREFOX, "2001:db8:1::1").fingerprint(user);
    assert_eq!(at(FIREFOX, "2001:db8:ffff::1").fingerprint(user), six);
    assert_ne!(at(FIREFOX, "2001:db9::1").fingerprint(user), six);
}

#[test]
fn what_stands_before_the_service_is_nobodys_address() {
    for address in
        ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.0.1", "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1"]
    {
        assert_eq!(at(FIREFOX, address).address(), None, "{address}");
    }
    assert!(at(FIREFOX, "203.0.113.7").address().is_some() && at(FIREFOX, "2001:db8::1").address().is_some());
}
