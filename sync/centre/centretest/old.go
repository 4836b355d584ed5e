package centretest

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
)

// MakeOld stops the centre and takes its authority and database back to what a program from before there was a GOST CA
// left: no such CA in the folder of keys, the first schema. Restart then opens it as this program.
func (c *Centre) MakeOld() {
	c.t.Helper()
	c.stop()
	c.check(os.Remove(filepath.Join(c.State, "issuing-gost.key")))
	driver, name := "sqlite3", strings.TrimPrefix(c.DB, "sqlite:")
	if name == c.DB {
		driver = "pgx"
	}
	db, err := sql.Open(driver, name)
	c.check(err)
	defer db.Close()
	for _, statement := range []string{
		"DROP TABLE letters", "DELETE FROM migrations WHERE number = 4",
		"DROP TABLE application_revocations", "DROP TABLE revocation_orders", "DROP TABLE web_applications", "DROP TABLE citizen_sessions",
		"DROP TABLE profiles", "DROP TABLE codes", "DROP TABLE code_locks", "DROP TABLE information_systems",
		"DROP INDEX applications_by_about", "ALTER TABLE applications DROP COLUMN signature", "ALTER TABLE applications DROP COLUMN signer",
		"ALTER TABLE applications DROP COLUMN signed_at", "ALTER TABLE applications DROP COLUMN storage", "ALTER TABLE applications DROP COLUMN about",
		"ALTER TABLE people DROP COLUMN non_resident", "ALTER TABLE people DROP COLUMN phone", "ALTER TABLE people DROP COLUMN search",
		"DELETE FROM migrations WHERE number = 3",
		"DROP INDEX certificates_one_for_a_gost_key",
		"DROP INDEX certificates_revoked_by_issuer",
		"ALTER TABLE certificates DROP COLUMN issuer",
		"DELETE FROM migrations WHERE number = 2",
		"DELETE FROM settings WHERE name = 'gost_issuing_sha256'",
		"DELETE FROM counters WHERE name = 'crl-gost'",
	} {
		_, err := db.ExecContext(context.Background(), statement)
		c.check(err)
	}
}
