//! Tests of what lookups count.

use super::*;

fn application(number: u128) -> KnownApplication {
    KnownApplication {
        application: ApplicationId::from_uuid(Uuid::from_u128(number)),
        organization: OrganizationId::from_uuid(Uuid::from_u128(9)),
    }
}

/// Looks an application up. Storage has it.
async fn find(credentials: &Credentials, number: u128) {
    let known = application(number);
    let found = credentials.applications.find(known.application, async { Ok(Some(known)) }).await;
    assert!(matches!(found, Ok(Some(_))), "{found:?}");
}

fn counts(metrics: &CredentialCacheMetrics) -> [u64; 3] {
    let LookupMetrics { hits, misses, untrusted } = &*metrics.applications;
    [hits.value(), misses.value(), untrusted.value()]
}

#[tokio::test]
async fn a_lookup_counts_as_hit_or_miss_or_untrusted() {
    let metrics = Arc::new(CredentialCacheMetrics::default());
    let credentials = Credentials::new(1024 * 1024, Some(&metrics));
    find(&credentials, 1).await;
    assert_eq!(counts(&metrics), [0, 0, 1], "before the first answer of the database");
    credentials.changes.confirm(5, &[], clocks(), true);
    for _ in 0..3 {
        find(&credentials, 2).await;
    }
    assert_eq!(counts(&metrics), [2, 1, 1]);
    credentials.record_own(&Change { epoch: 6, subjects: vec![application(2).application.as_uuid()] });
    find(&credentials, 2).await;
    assert_eq!(counts(&metrics), [2, 2, 1], "an outdated entry");
    assert_eq!(metrics.lookups().map(|(_, other)| other.misses.value()), [0, 0, 0, 0, 2], "other lookups");
}

#[tokio::test]
async fn a_cache_that_is_off_counts_nothing() {
    let metrics = Arc::new(CredentialCacheMetrics::default());
    find(&Credentials::new(0, Some(&metrics)), 1).await;
    assert_eq!(counts(&metrics), [0, 0, 0]);
}
