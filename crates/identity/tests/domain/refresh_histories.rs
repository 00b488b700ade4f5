//! Random histories of refresh, reuse, sign-out and clock.

use tessera_identity::{Identity, RefreshError, SignedIn};
use tessera_kernel::{Actor, Clock as _, Principal};
use tessera_testkit::{
    Workbench,
    builders::origin,
    expectations::{ok, some},
};
use time::{Duration, OffsetDateTime};

use crate::refresh::{PASSWORD, next, refresh, sign_in, token_of};

const GRACE: Duration = Duration::seconds(10);

/// `SplitMix64`: the same history for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A session as its rules describe it: its tokens, when each was first used, and whether it has ended.
struct Model {
    signed_in: SignedIn,
    tokens: Vec<String>,
    used: Vec<OffsetDateTime>,
    ended: bool,
}

impl Model {
    async fn open(identity: &Identity) -> Self {
        let signed_in = sign_in(identity, "user1@example.com", true).await;
        let tokens = vec![token_of(&signed_in)];
        Self { signed_in, tokens, used: Vec::new(), ended: false }
    }

    /// Presents a token, and compares the result with the rules.
    async fn present(&mut self, identity: &Identity, number: usize, now: OffsetDateTime, seed: u64) {
        let result = refresh(identity, &self.tokens[number]).await;
        let first_use = self.used.get(number).copied();
        let is_reuse = first_use.is_some_and(|first| now - first >= GRACE);
        if self.ended || is_reuse {
            assert!(matches!(result, Err(RefreshError::InvalidToken)), "seed {seed}: {result:?}");
            self.ended = true;
            return;
        }
        let newest = next(&ok(result));
        if first_use.is_none() {
            assert!(!self.tokens.contains(&newest), "seed {seed}: a successor is new");
            self.used.push(now);
            self.tokens.push(newest);
        } else {
            assert_eq!(Some(&newest), self.tokens.last(), "seed {seed}: token {number} must return the newest");
        }
    }

    async fn sign_out(&mut self, bench: &Workbench, identity: &Identity) {
        let known = some(ok(bench.stores.identity.find_session(self.signed_in.session).await));
        let (id, session) = (known.session.user_id, known.session.id);
        let authenticated_at = known.session.authenticated_at;
        let principal = Principal::User { id, session, authenticated_at, checked_at: known.at, mfa: false };
        ok(identity.sign_out(&Actor { principal, origin: origin() }).await);
        self.ended = true;
    }
}

async fn run(seed: u64) {
    let mut random = Random(seed);
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    // Two nodes over one storage.
    let nodes = [bench.identity(), bench.identity_with_clock(Duration::days(3))];
    let mut sessions = [Model::open(&nodes[0]).await, Model::open(&nodes[1]).await];
    for _ in 0..60 {
        let node = &nodes[usize::from(random.below(2) == 1)];
        let session = &mut sessions[usize::from(random.below(2) == 1)];
        let newest = session.tokens.len() - 1;
        match random.below(20) {
            0..8 => session.present(node, newest, bench.clock.now(), seed).await,
            8..14 => {
                // One of the last four, so that most are in their grace period.
                let back = usize::try_from(random.below(4)).unwrap_or_default();
                session.present(node, newest.saturating_sub(back), bench.clock.now(), seed).await;
            }
            14 => {
                let any = usize::try_from(random.below(newest as u64 + 1)).unwrap_or_default();
                session.present(node, any, bench.clock.now(), seed).await;
            }
            15 if random.below(8) == 0 => session.sign_out(&bench, node).await,
            _ => bench.clock.advance(Duration::milliseconds(i64::try_from(random.below(6_000)).unwrap_or_default())),
        }
    }
    for session in &mut sessions {
        for number in 0..session.tokens.len() {
            session.present(&nodes[0], number, bench.clock.now(), seed).await;
        }
    }
}

#[tokio::test]
async fn every_history_follows_the_rules() {
    for seed in 0..300 {
        run(seed).await;
    }
}
