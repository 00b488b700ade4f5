//! Inventory items: created or changed by SKU, with exact numbers.

use serde_json::{Value, json};
use tessera_tests::{database::Backend, on_both, test_org::TestOrg};

on_both! {
    a_second_upsert_changes_only_what_it_names
    null_removes_name_and_description_and_metadata_is_replaced_whole
    skus_differ_by_case_and_belong_to_one_application
    quantities_are_exact_up_to_2_53_minus_1
    invalid_quantities_are_rejected_s169
    metadata_has_at_most_16_kib
    metadata_comes_back_as_it_was_sent
    unknown_fields_are_ignored_and_read_only_fields_rejected
}

async fn a_second_upsert_changes_only_what_it_names(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = acme.inventory();
    let full =
        json!({"sku": "sword", "name": "Sword", "description": "sharp\nand long", "quantity": 7, "metadata": {"a": 1}});
    let made = acme.owner.post(&path, &full).await.expecting(201);
    let changed = acme.owner.post(&path, &json!({"sku": "sword", "quantity": 8})).await.expecting(200);
    assert_eq!((&changed["id"], &changed["version"], &changed["quantity"]), (&made["id"], &json!(2), &json!(8)));
    for member in ["name", "description", "metadata", "created_at"] {
        assert_eq!(changed[member], made[member], "{member}");
    }
    assert_eq!(acme.owner.get(&path).await.expecting(200), json!([changed]));
}

async fn null_removes_name_and_description_and_metadata_is_replaced_whole(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = acme.inventory();
    let full = json!({"sku": "s", "name": "Sword", "description": "sharp", "metadata": {"a": 1, "b": 2}});
    acme.owner.post(&path, &full).await.is(201);
    let change = json!({"sku": "s", "name": null, "description": null, "metadata": {"c": 3}});
    let changed = acme.owner.post(&path, &change).await.expecting(200);
    assert_eq!((&changed["name"], &changed["description"]), (&Value::Null, &Value::Null));
    assert_eq!(changed["metadata"], json!({"c": 3}));
}

async fn skus_differ_by_case_and_belong_to_one_application(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.owner.make_app(&acme.org).await;
    for (path, sku) in [(acme.inventory(), "a"), (acme.inventory(), "A"), (format!("/apps/{other}/inventory"), "a")] {
        acme.owner.post(&path, &json!({"sku": sku})).await.is(201);
    }
    acme.owner.post(&acme.inventory(), &json!({"sku": "A"})).await.is(200);
}

async fn quantities_are_exact_up_to_2_53_minus_1(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for (sku, quantity) in [("max", 9_007_199_254_740_991_i64), ("zero", 0)] {
        let item = acme.owner.post(&acme.inventory(), &json!({"sku": sku, "quantity": quantity})).await;
        assert_eq!(item.expecting(201)["quantity"], quantity);
    }
}

async fn invalid_quantities_are_rejected_s169(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let wrong =
        ["9007199254740992", "-1", "1.5", "1.0", "-0.5", "99999999999999999999", "1e999", "\"1\"", "true", "[]"];
    for number in wrong {
        let body = format!("{{\"sku\":\"s\",\"quantity\":{number}}}");
        assert_eq!(send(&acme, body).await.faults(), ["/quantity"], "{number}");
    }
    for no_json in ["NaN", "Infinity", "01", "+1", "0x1"] {
        let body = format!("{{\"sku\":\"s\",\"quantity\":{no_json}}}");
        send(&acme, body).await.problem(400, "malformed_json");
    }
    assert_eq!(acme.owner.get(&acme.inventory()).await.expecting(200), json!([]));
}

async fn metadata_has_at_most_16_kib(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let sized = |bytes: usize| json!({"sku": "s", "metadata": {"a": "x".repeat(bytes - 8)}});
    acme.owner.post(&acme.inventory(), &sized(16 * 1024)).await.is(201);
    assert_eq!(acme.owner.post(&acme.inventory(), &sized(16 * 1024 + 1)).await.faults(), ["/metadata"]);
}

async fn metadata_comes_back_as_it_was_sent(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let metadata = r#"{"z":1,"a":[1.5,-3,null,true,"\"é\n😀"],"m":{"":{},"k":9007199254740991}}"#;
    let answer = send(&acme, format!("{{\"sku\":\"s\",\"metadata\":{metadata}}}")).await;
    answer.is(201);
    let sent: Value = serde_json::from_str(metadata).unwrap_or_else(|error| panic!("{error}"));
    let list = acme.owner.get(&acme.inventory()).await;
    assert_eq!(list.expecting(200)[0]["metadata"], sent);
    assert!(list.text().contains(metadata), "order or spelling changed: {}", list.text());
}

async fn unknown_fields_are_ignored_and_read_only_fields_rejected(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let body = json!({"sku": "s", "id": "01890a5d-ac96-774b-bcce-b302099a8057", "version": 99, "application_id": "x",
                      "created_at": "2001-01-01T00:00:00Z", "colour": "red"});
    let mut rejected = acme.owner.post(&acme.inventory(), &body).await.faults();
    rejected.sort_unstable();
    assert_eq!(rejected, ["/application_id", "/created_at", "/id", "/version"]);
    assert_eq!(acme.owner.get(&acme.inventory()).await.expecting(200), json!([]));
    let item = acme.owner.post(&acme.inventory(), &json!({"sku": "s", "colour": "red"})).await.expecting(201);
    assert!(item["colour"].is_null());
}

async fn send(acme: &TestOrg, body: String) -> tessera_tests::api::Answer {
    let path = format!("{}{}", tessera_tests::api::BASE, acme.inventory());
    let request = acme.owner.request(reqwest::Method::POST, &path);
    tessera_tests::api::send(request.header("Content-Type", "application/json").body(body)).await
}
