# Each recipe is also one plain command: none of them needs `just`.

# List the recipes
default:
    @just --list

# Serve on http://127.0.0.1:8080 with embedded storage under data/
run *args:
    cargo run --release --locked -- {{args}}

# Compile everything, quickly and without running it
check:
    cargo check --workspace --all-targets --locked

# Run every test on SQLite and on a throwaway PostgreSQL
test *args:
    scripts/test {{args}}

# Run only the tests of the two storages against their contracts
test-pg:
    scripts/test -E 'package(tessera-adapters)'

# Refuse whatever clippy has to say
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Format the code
fmt:
    cargo fmt --all

# Check licences, bans, sources and known advisories of the dependencies
deny:
    scripts/deny

# Write docs/openapi.json anew from the served routes
openapi:
    cargo run --locked --quiet -- openapi > docs/openapi.json

# Apply the migrations to the configured database and stop
migrate:
    cargo run --release --locked -- migrate

# Attack a running service with what its OpenAPI document says it takes
schemathesis:
    scripts/schemathesis

# Throw mutated inputs at one target until it breaks or is interrupted
fuzz target="json_body":
    scripts/fuzz {{target}}

# Print the figures: start-up, memory, size, and throughput as ratios to what the machine can do
bench:
    scripts/bench

# Print what a flood of each anonymous operation costs
flood:
    scripts/flood

# Everything CI runs
ci:
    .ci/run
