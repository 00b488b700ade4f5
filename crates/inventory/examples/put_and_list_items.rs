//! A member puts an item into the inventory of an application, changes its quantity, and lists the items.
//!
//! The storage is in memory, and the other ports are fakes.

use tessera_inventory::{PutItem, model::Quantity};
use tessera_kernel::{PageRequest, Role};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, application_id, user_id},
    expectations::{ok, parsed},
};

fn bolts() -> PutItem {
    let (application, sku) = (application_id(1), parsed("bolt-m4"));
    PutItem { application, sku, name: None, description: None, quantity: None, metadata: None }
}

#[tokio::main]
async fn main() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let (inventory, owner) = (bench.inventory(), actor_of(user_id(1)));

    let metadata = Some(ok(r#"{"bin":"A7"}"#.to_owned().try_into()));
    let command = PutItem { name: Some(Some(parsed("Bolt M4"))), metadata, ..bolts() };
    let created = ok(inventory.put_item(&owner, command).await);
    assert_eq!(created.quantity, Quantity::default());

    // `None` keeps the name and the metadata.
    let command = PutItem { quantity: Some(ok(120.try_into())), ..bolts() };
    let changed = ok(inventory.put_item(&owner, command).await);
    assert_eq!((changed.id, changed.name.clone(), changed.quantity.get()), (created.id, created.name, 120));

    let page = ok(inventory.list_items(&owner, application_id(1), PageRequest::default()).await);
    assert_eq!((page.items, page.next), (vec![changed], None));
}
