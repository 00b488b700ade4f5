"""Rows that the API would take too long to create: keys, applications, members."""

import sqlite3
import subprocess
import time
from dataclasses import dataclass

from processes import kill_after
from settings import BenchError

KEYS_PER_APPLICATION = 1000
APPLICATIONS_PER_ORGANIZATION = 10
MEMBERS = 50
ITEMS = 1000
# Applications of the prepared organization in which keys are created, so that none collects more than a few hundred.
SPARE_APPLICATIONS = 90
# A prime, so that `number * STEP` modulo the number of keys is each key once, in a scattered order.
STEP = 1_000_003_457

KEY_COLUMNS = (
    "id", "application_id", "organization_id", "created_by", "key_prefix", "key_hash", "permissions", "created_at",
)  # fmt: skip

ITEM_COLUMNS = ("id", "application_id", "sku", "name", "quantity", "metadata", "version", "created_at", "updated_at")


def identifier(kind, number):
    """A UUIDv7 as hexadecimal digits; `kind` distinguishes tables."""
    return f"01900000{kind:04x}7000{0x8000000000000000 + number:016x}"


def application_of(number):
    return identifier(2, number // KEYS_PER_APPLICATION)


def organization_of(number):
    return identifier(3, number // (KEYS_PER_APPLICATION * APPLICATIONS_PER_ORGANIZATION))


def generated_keys(run, first, count, step, modulus):
    """Yields numbers, keys and hashes of keys."""
    command = [run.settings.baseline, "keys", first, count, step, modulus]
    process = run.processes.start(command, stdout=subprocess.PIPE, text=True)
    watch = kill_after(process, 1800)
    try:
        for line in process.stdout:
            number, key, digest = line.split()
            yield int(number), key, digest
        if process.wait() != 0:
            raise BenchError(f"the baseline could not print keys: {process.returncode}")
    finally:
        watch.cancel()
        run.processes.stop(process)
        process.stdout.close()


def scattered_keys(run, first, count, total):
    """Keys in a scattered order, from position `first` on. Positions below `total` have different keys."""
    return [key for _, key, _ in generated_keys(run, first * STEP % total, count, STEP % total, total)]


@dataclass
class Seed:
    """What is written to a database. `prepared` is the owner of the prepared organization."""

    run: object
    prepared: object
    keys: int

    def tables(self):
        """Yields names of tables, their columns and their rows. An id and a hash are Id, a time is CREATED."""
        count = -(-self.keys // KEYS_PER_APPLICATION)
        owners = [
            (organization_of(n * KEYS_PER_APPLICATION), f"seeded-{n}", n)
            for n in range(0, count, APPLICATIONS_PER_ORGANIZATION)
        ]
        yield (
            "organizations",
            ("id", "name", "slug", "created_at", "updated_at"),
            ((Id(uid), slug, slug, CREATED, CREATED) for uid, slug, _ in owners),
        )
        yield (
            "applications",
            ("id", "organization_id", "name", "redirect_uris", "created_at", "updated_at"),
            self._applications(count),
        )
        yield (
            "users",
            ("id", "email", "email_canonical", "email_verified", "created_at", "updated_at"),
            (
                (Id(identifier(4, n)), f"member-{n}@example.com", f"member-{n}@example.com", TRUE, CREATED, CREATED)
                for n in range(1, MEMBERS)
            ),
        )
        members = ("organization_id", "user_id", "role", "joined_at", "profile_visible_at", "opened_at")
        organization = Id(self.prepared.organization.replace("-", ""))
        yield (
            "memberships",
            members,
            ((organization, Id(identifier(4, n)), "member", CREATED, CREATED, CREATED) for n in range(1, MEMBERS)),
        )
        yield "items", ITEM_COLUMNS, self._items()
        yield "api_keys", KEY_COLUMNS, self._keys()

    def _applications(self, count):
        for n in range(count):
            number = n * KEYS_PER_APPLICATION
            yield Id(application_of(number)), Id(organization_of(number)), f"Seeded {n}", "[]", CREATED, CREATED
        organization = Id(self.prepared.organization.replace("-", ""))
        for n in range(SPARE_APPLICATIONS):
            yield Id(identifier(5, n)), organization, f"Spare {n}", "[]", CREATED, CREATED

    def _items(self):
        application = Id(self.prepared.application.replace("-", ""))
        for n in range(1, ITEMS + 1):
            yield Id(identifier(6, n)), application, f"item-{n}", f"Item {n}", 3, "{}", 1, CREATED, CREATED

    def _keys(self):
        user = Id(self.prepared.user.replace("-", ""))
        for number, key, digest in generated_keys(self.run, 0, self.keys, 1, self.keys):
            if number % KEYS_PER_APPLICATION == 0:
                application, organization = Id(application_of(number)), Id(organization_of(number))
            yield (
                Id(identifier(1, number)),
                application,
                organization,
                user,
                key[:8],
                Id(digest),
                '["event:record"]',
                CREATED,
            )


class Id(str):
    """Hexadecimal digits of bytes."""


CREATED, TRUE = object(), object()


def seed_postgres(cluster, database, seed):
    """Loads the rows with COPY. Indexes on keys are created afterwards, in one sort each."""
    indexes = cluster.sql(
        database,
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'api_keys'"
        " AND indexname NOT IN ('api_keys_id', 'api_keys_key_hash')",
    ).splitlines()
    names = [definition.split()[2] for definition in indexes]
    drop = "".join(f"DROP INDEX {name};" for name in names)
    cluster.sql(database, f"ALTER TABLE api_keys DROP CONSTRAINT api_keys_key_hash;{drop}")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    for table, columns, rows in seed.tables():
        copy_rows(cluster, database, table, columns, rows, {CREATED: stamp, TRUE: "t"})
    cluster.sql(database, "ALTER TABLE api_keys ADD CONSTRAINT api_keys_key_hash UNIQUE (key_hash)")
    for definition in indexes:
        cluster.sql(database, definition)
    cluster.sql(database, "VACUUM (FREEZE, ANALYZE)")
    cluster.sql(database, "CHECKPOINT")


def copy_rows(cluster, database, table, columns, rows, constants):
    hashes = {index for index, name in enumerate(columns) if name.endswith("_hash")}
    # Without the checks of references, which are one query for each row.
    setup = "SET session_replication_role = replica; SET maintenance_work_mem = '512MB'"
    command = [cluster.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", cluster.url(database), "-c", setup]
    command += ["-c", f"COPY {table} ({', '.join(columns)}) FROM STDIN"]
    process = cluster.processes.start(command, stdin=subprocess.PIPE, text=True)
    watch = kill_after(process, 1800)
    try:
        for row in rows:
            cells = [str(constants.get(value, value)) for value in row]
            for index in hashes:
                cells[index] = f"\\\\x{cells[index]}"
            process.stdin.write("\t".join(cells) + "\n")
        process.stdin.close()
        if process.wait() != 0:
            raise BenchError(f"COPY into {table} failed")
    finally:
        watch.cancel()
        cluster.processes.stop(process)


def seed_sqlite(path, seed):
    """Loads the rows in one transaction, while no service uses the file. Indexes on keys are created at its end."""
    if sqlite3.sqlite_version_info < (3, 37):
        raise BenchError(f"Python has SQLite {sqlite3.sqlite_version}; strict tables need 3.37")
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # Without a log: the file is not read before the end, and a failed run deletes it.
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000", "foreign_keys = OFF"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("BEGIN")
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'api_keys' AND sql IS NOT NULL"
        indexes = connection.execute(query).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        constants = {CREATED: int(time.time() - 3600) * 1_000_000, TRUE: 1}
        for table, columns, rows in seed.tables():
            marks = ", ".join("?" * len(columns))
            insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            connection.executemany(insert, (sqlite_row(row, constants) for row in rows))
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    finally:
        connection.close()


def sqlite_row(row, constants):
    return [bytes.fromhex(value) if type(value) is Id else constants.get(value, value) for value in row]
