package label

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver
)

// What tells our files from other ones: "PMLb" in SQLite's header, and the version of
// the schema.
const (
	applicationID = 0x504d4c62
	schemaVersion = 1
)

// schema makes the tables. Answers a and b of a comparison are in the order of their
// ids; a label's are these, whichever side they were on.
const schema = `
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE source (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL, settings TEXT NOT NULL, UNIQUE (name, settings)
) STRICT;
CREATE TABLE prompt (
	id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, messages TEXT NOT NULL, kind TEXT NOT NULL
) STRICT;
CREATE TABLE answer (
	id INTEGER PRIMARY KEY, prompt INTEGER NOT NULL REFERENCES prompt, source INTEGER NOT NULL REFERENCES source,
	draw INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (prompt, source, draw)
) STRICT;
CREATE TABLE comparison (
	id INTEGER PRIMARY KEY, prompt INTEGER NOT NULL REFERENCES prompt,
	a INTEGER NOT NULL REFERENCES answer, b INTEGER NOT NULL REFERENCES answer,
	place INTEGER NOT NULL, labels INTEGER NOT NULL DEFAULT 0, UNIQUE (a, b), CHECK (a < b)
) STRICT;
CREATE INDEX comparison_place ON comparison (place, id, labels);
CREATE TABLE labeller (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE label (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	comparison INTEGER NOT NULL REFERENCES comparison, labeller INTEGER NOT NULL REFERENCES labeller,
	choice TEXT NOT NULL CHECK (choice IN ('a', 'b', 'both', 'neither')),
	unsafe_a INTEGER NOT NULL, unsafe_b INTEGER NOT NULL, made_up_a INTEGER NOT NULL, made_up_b INTEGER NOT NULL,
	a_left INTEGER NOT NULL, at_ms INTEGER NOT NULL, took_ms INTEGER NOT NULL, UNIQUE (comparison, labeller)
) STRICT;
CREATE INDEX label_labeller ON label (labeller, id);
CREATE TRIGGER label_in AFTER INSERT ON label BEGIN
	UPDATE comparison SET labels = labels + 1 WHERE id = NEW.comparison;
END;
CREATE TRIGGER label_out AFTER DELETE ON label BEGIN
	UPDATE comparison SET labels = labels - 1 WHERE id = OLD.comparison;
END;
`

// address is what the driver is told to open. Other programs that write are waited
// for; a commit returns when it is on the disk.
func address(path string, more ...string) string {
	pragmas := append([]string{"busy_timeout(10000)", "foreign_keys(1)", "synchronous(FULL)", "trusted_schema(0)", "cell_size_check(1)"}, more...)
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}.Encode()}
	return u.String()
}

// openFile opens the database at an absolute path, and makes it where there is none.
func openFile(ctx context.Context, path string, create bool) (db *sql.DB, err error) {
	empty, err := probe(path, create)
	if err != nil {
		return nil, err
	}
	if empty {
		if err := build(ctx, path); err != nil {
			return nil, err
		}
	}
	db, err = sql.Open("sqlite", address(path, "journal_mode(WAL)"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // what is asked for is short, and a writer never waits for a reader of its own
	if err := inspect(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// probe tells whether a file is still to be filled, from its first bytes alone: a
// file of others must not even be locked. A new one is for its owner only.
func probe(path string, create bool) (empty bool, err error) {
	mode := os.O_RDWR
	if create {
		mode |= os.O_CREATE
	}
	f, err := os.OpenFile(path, mode, 0o600)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	const magic, headerBytes, idAt = "SQLite format 3\x00", 100, 68
	header := make([]byte, headerBytes)
	switch n, err := io.ReadFull(f, header); {
	case n == 0 && errors.Is(err, io.EOF):
		return true, nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return false, err
	}
	if !strings.HasPrefix(string(header), magic) || binary.BigEndian.Uint32(header[idAt:]) != applicationID {
		return false, errors.New("it is no file of labels: name another one, or a new one")
	}
	return false, nil
}

// build makes the tables, all or none. The write-ahead log comes later: a file with
// anything in it has its ID.
func build(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", address(path, "journal_mode(DELETE)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	return change(ctx, db, func(tx *sql.Tx) error {
		var version int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil || version != 0 {
			return err // another program was first
		}
		_, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion))
		return err
	})
}

// inspect is an error about a file that cannot be used.
func inspect(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version != schemaVersion {
		return fmt.Errorf("it is of version %d, and this program knows version %d: use the program that made it", version, schemaVersion)
	}
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("it is damaged: %s", found)
	}
	return nil
}

// change runs a transaction: all of it is on the disk when change returns nil, and
// nothing of it when it returns an error.
func change(ctx context.Context, db *sql.DB, do func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// absolute is the path as SQLite is told it.
func absolute(path string) (string, error) {
	if strings.ContainsRune(path, 0) {
		return "", errors.New("its name has a zero byte")
	}
	return filepath.Abs(path)
}
