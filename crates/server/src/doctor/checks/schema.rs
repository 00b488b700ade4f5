//! The schema of the database, compared with that of this version.

use tessera_adapters::{InspectedSchema, Inspection};

use crate::config::Migrate;

use crate::doctor::{context::Context, finding::Finding};

pub(super) fn check(context: &Context, database: &Inspection) -> Finding {
    let by_serve = context.config.migrate == Migrate::Auto;
    let advice = if by_serve {
        "run tessera migrate; tessera serve does it too when it starts"
    } else {
        "run tessera migrate as the owner of the schema, because TESSERA_MIGRATE is off"
    };
    let pending = |detail: String| if by_serve { Finding::warn(detail, advice) } else { Finding::fail(detail, advice) };
    match database.schema() {
        InspectedSchema::Current => Finding::ok("all migrations of this version are applied"),
        InspectedSchema::Missing => pending("the database has no tables".to_owned()),
        InspectedSchema::Older { pending: number } => {
            pending(format!("older than this version: {number} migrations are pending"))
        }
        InspectedSchema::Newer { version } => Finding::fail(
            format!("newer than this version of tessera, which does not know migration {version}"),
            "install the version that has migrated the database, or a newer one; tessera version shows this one",
        ),
    }
}
