# Each recipe is one plain command, which also works without `just`.

# List the recipes
default:
    @just --list

# Serve on http://127.0.0.1:8080 with embedded storage under data/
run *args:
    cargo run --release --locked -- {{args}}

# Check that everything compiles
check:
    cargo check --workspace --all-targets --locked

# Run every test on SQLite and on a throwaway PostgreSQL
test *args:
    scripts/test {{args}}

# Run only the tests of the two storages against their contracts
test-pg:
    scripts/test -E 'package(tessera-adapters)'

# Run clippy; every warning is an error
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Build the documentation of the libraries; every warning is an error
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --lib --no-deps --locked

# Format the code
fmt:
    cargo fmt --all

# Check licences, bans, sources and known advisories of the dependencies
deny:
    scripts/deny

# Regenerate docs/openapi.json from the served routes
openapi:
    cargo run --locked --quiet -- openapi > docs/openapi.json

# Apply the migrations to the configured database
migrate:
    cargo run --release --locked -- migrate

# Send generated requests to a running service, by its OpenAPI document
schemathesis:
    scripts/schemathesis

# Lint docs/openapi.json, generate clients from it, compile them and take the tour with them
clients:
    scripts/clients

# Follow README.md, docs/sso.md and docs/browser.md in a fresh clone
newcomer:
    scripts/newcomer

# Run one fuzz target until it fails or is interrupted
fuzz target="json_body":
    scripts/fuzz {{target}}

# Measure throughput, latency and memory beside baselines; --publish writes docs/performance.md
bench *args:
    scripts/bench {{args}}

# Measure what a flood of each anonymous operation costs
flood:
    scripts/flood

# Build the image of deploy/Dockerfile without a daemon, and print its size
image *args:
    scripts/image {{args}}

# Upgrade three nodes behind a proxy under load, from an old binary to the new one and back
upgrade-test *args:
    scripts/upgrade-test {{args}}

# Run all CI checks
ci:
    .ci/run
