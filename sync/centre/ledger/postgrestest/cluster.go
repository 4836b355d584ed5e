// Package postgrestest starts a PostgreSQL of its own for a test, on a socket in a temporary folder, and stops it again.
// PostgreSQL refuses to run as root: then it runs as the user postgres.
package postgrestest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Cluster is a running PostgreSQL.
type Cluster struct{ dir string }

// Start starts a cluster that lives as long as t. It skips the test where PostgreSQL is missing, unless
// TIRKEU_TEST_ALL is set: then it fails it.
func Start(t testing.TB) *Cluster {
	t.Helper()
	programs, err := find()
	if err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	// Not t.TempDir: the user postgres must reach it, and a socket's path must be short.
	dir, err := os.MkdirTemp("", "tkpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	asPostgres(t, dir)
	data := filepath.Join(dir, "data")
	run(t, dir, filepath.Join(programs, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	run(t, dir, filepath.Join(programs, "pg_ctl"), "-D", data, "-l", filepath.Join(dir, "log"), "-w", "-t", "60",
		"-o", "-k "+dir+" -c listen_addresses= -c max_connections=40 -c shared_buffers=16MB", "start")
	t.Cleanup(func() {
		run(t, dir, filepath.Join(programs, "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
	})
	return &Cluster{dir: dir}
}

// Main runs a package's tests and stops the cluster that Database started: func TestMain(m *testing.M) { postgrestest.Main(m) }.
func Main(m *testing.M) {
	code := m.Run()
	for i := len(shared.later) - 1; i >= 0; i-- {
		shared.later[i]()
	}
	os.Exit(code)
}

// Database makes an empty database in the package's one cluster and returns its connection string.
func Database(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		shared.TB = t
		shared.cluster = Start(&shared)
	})
	if shared.cluster == nil {
		t.Skip("PostgreSQL is not running")
	}
	return shared.cluster.Database(t)
}

// shared is a testing.TB whose clean-up waits for Main.
var shared keeper

type keeper struct {
	testing.TB
	once    sync.Once
	cluster *Cluster
	later   []func()
}

func (k *keeper) Cleanup(f func()) { k.later = append(k.later, f) }

// Database makes an empty database and returns its connection string.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	name := "t" + strings.ToLower(rand.Text())
	db, err := sql.Open("pgx", c.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return c.dsn(name)
}

func (c *Cluster) dsn(name string) string {
	return "postgres:///" + name + "?host=" + c.dir + "&user=postgres"
}

// find returns the folder of the newest PostgreSQL installed as Debian does it.
func find() (string, error) {
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(all) == 0 {
		return "", fmt.Errorf("PostgreSQL is not installed (apt-get install postgresql)")
	}
	return filepath.Dir(all[len(all)-1]), nil
}

func asPostgres(t testing.TB, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("there is no user postgres to run PostgreSQL as: %v", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
}

func run(t testing.TB, dir string, command ...string) {
	t.Helper()
	if os.Geteuid() == 0 {
		command = append([]string{"runuser", "-u", "postgres", "--"}, command...)
	}
	c := exec.Command(command[0], command[1:]...)
	c.Dir = dir
	// A file and not a pipe: the server keeps what it inherits open.
	out, err := os.CreateTemp(dir, "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c.Stdout, c.Stderr = out, out
	if err := c.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		if t == testing.TB(&shared) {
			panic(fmt.Sprintf("%v: %v\n%s", command, err, text)) // the test it was started for is over
		}
		t.Fatalf("%v: %v\n%s", command, err, text)
	}
}
