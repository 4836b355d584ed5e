// Package centre is the central registration authority: it knows devices, people and staff, takes applications in,
// has staff decide about them, and lets certificates out by CMP once they did.
//
// It promises that the same bytes get the same answer, that no application is lost or doubled once answered, that one
// key of one application gets one certificate whatever crashes in between, and that every change stands in an audit
// chain within the same transaction. Nobody decides about an application of his own.
//
// It never sees a PIN or a citizen's private key. IINs and names stand in its database and its answers, never in its
// log. It trusts its database and the folder of its keys; it does not trust devices beyond their own prefix and
// centre: a stolen kiosk key can file applications, ask the register within its rate and have a few letters about its own applications
// sent, and issues nothing.
package centre

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/mail"
	"os/user"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Config says where a centre lives and how it works. Only DB is needed.
type Config struct {
	DB      string           // sqlite:PATH or postgres://…
	State   string           // folder of the authority's keys; "" is beside the SQLite file
	Mail    string           // maildir in which letters wait for the operator's mail system; "" is "mail" in State
	From    string           // who letters are from; "" is DefaultFrom
	URLHTTP string           // base of the URLs in certificates; "" is the one noted before
	Rules   Rules            // zero is DefaultRules
	Now     func() time.Time // nil is time.Now
	Rand    io.Reader        // nil is crypto/rand
	Log     *slog.Logger     // nil discards
}

// Centre is an open centre. Its methods may be called from many goroutines, and several processes may have the same
// database open.
type Centre struct {
	db        *ledger.Ledger
	state     state
	mail      maildir
	mailFrom  mail.Address
	sealer    sealer
	authority *authority.Authority
	anchors   *pki.Pool // root and issuing CAs: what signatures must lead to
	profiles  *pki.Profiles
	rules     Rules
	now       func() time.Time
	rand      io.Reader
	log       *slog.Logger
	metrics   counters
	buckets   buckets
	lists     revocationLists
	urlBase   string           // of the URLs in certificates
	speaker   *tls.Certificate // protects CMP answers

	lastDirectory atomic.Pointer[directoryNow]
}

// Names of settings in the database.
const (
	settingRoot = "root_sha256" // of the authority this database belongs to
	settingURL  = "url_http"
)

// Names of the authority's files in the state folder.
const (
	fileRootKey     = "root.key"
	fileRootCert    = "root.pem"
	fileIssuingKey  = "issuing.key"
	fileIssuingCert = "issuing.pem"
)

// DefaultURLHTTP is the base of the URLs in certificates until serve is told another.
const DefaultURLHTTP = "http://localhost:8480"

// DefaultFrom is who letters are from unless told otherwise: an address that cannot be answered (RFC 2606 §2).
const DefaultFrom = "Tirkeu <no-reply@tirkeu.invalid>"

// DefaultCentre is the code of the registration centre a kiosk stands in unless told otherwise.
const DefaultCentre = "sandbox"

func (cfg *Config) fill() {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.From == "" {
		cfg.From = DefaultFrom
	}
	if cfg.Rules == (Rules{}) {
		cfg.Rules = DefaultRules()
	}
}

// Init makes a sandbox authority and its database. It refuses where either is there already.
func Init(ctx context.Context, cfg Config) error {
	cfg.fill()
	dir, err := stateFolder(cfg.DB, cfg.State)
	if err != nil {
		return err
	}
	st, err := makeState(dir)
	if err != nil {
		return err
	}
	if _, err := st.read(fileRootCert); err == nil {
		return refuse(api.ErrorCodeConflict, "there is an authority at %s already; nothing was changed", dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("making the authority: %w", err)
	}
	db, err := ledger.Open(ctx, cfg.DB)
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.View(ctx, func(t *ledger.Tx) error { _, err := t.Setting(settingRoot); return err })
	if err == nil {
		return refuse(api.ErrorCodeConflict, "the database belongs to an authority whose keys are not at %s; nothing was changed", dir)
	}
	if !errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("making the authority: %w", err)
	}
	if cfg.URLHTTP == "" {
		cfg.URLHTTP = DefaultURLHTTP
	}
	made, err := authority.Create(authority.Options{BaseURL: cfg.URLHTTP, Now: cfg.Now, Rand: cfg.Rand})
	if err != nil {
		return err
	}
	root, err := storeAuthority(st, made)
	if err != nil {
		return fmt.Errorf("making the authority: %w", err)
	}
	gost, err := parsePEMCertificate(made.GOSTCertificate)
	if err != nil {
		return fmt.Errorf("making the authority: %w", err)
	}
	if _, err := st.loadSealer(cfg.Rand); err != nil {
		return err
	}
	return db.Do(ctx, func(t *ledger.Tx) error {
		if err := errors.Join(t.PutSetting(settingRoot, []byte(root)), t.PutSetting(settingGOST, []byte(hashOf(gost.Raw))), t.PutSetting(settingURL, []byte(cfg.URLHTTP))); err != nil {
			return err
		}
		return t.Audit(cfg.Now(), "authority-made", actor(ctx), "root:"+root, "")
	})
}

// storeAuthority writes keys before certificates and the root's certificate last, so that what is there is whole.
func storeAuthority(st state, m authority.Material) (rootSHA256 string, err error) {
	for _, f := range []struct {
		name string
		data []byte
	}{{fileRootKey, m.RootKey}, {fileIssuingKey, m.IssuingKey}, {fileIssuingCert, m.IssuingCertificate}, {fileGOST, joinGOST(m)}, {fileRootCert, m.RootCertificate}} {
		if err := st.write(f.name, f.data); err != nil {
			return "", err
		}
	}
	root, err := parsePEMCertificate(m.RootCertificate)
	if err != nil {
		return "", err
	}
	return hashOf(root.Raw), nil
}

// Open opens a centre that Init made.
func Open(ctx context.Context, cfg Config) (*Centre, error) {
	cfg.fill()
	dir, err := stateFolder(cfg.DB, cfg.State)
	if err != nil {
		return nil, err
	}
	st, err := openState(dir)
	if err != nil {
		return nil, err
	}
	var stored authority.Material
	for name, into := range map[string]*[]byte{fileRootKey: &stored.RootKey, fileRootCert: &stored.RootCertificate,
		fileIssuingKey: &stored.IssuingKey, fileIssuingCert: &stored.IssuingCertificate} {
		if *into, err = st.read(name); err != nil {
			return nil, fmt.Errorf("opening the authority: %w; run tirkeu-centre init first, or name its folder with --state", err)
		}
	}
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("opening the centre: who letters are from is no address: %w", err)
	}
	db, err := ledger.Open(ctx, cfg.DB)
	if err != nil {
		return nil, err
	}
	if cfg.Mail == "" {
		cfg.Mail = st.path(folderMail)
	}
	c := &Centre{db: db, state: st, mail: maildir{cfg.Mail}, mailFrom: *from, profiles: pki.DefaultProfiles(), rules: cfg.Rules, now: cfg.Now, rand: cfg.Rand, log: cfg.Log}
	if err := c.open(ctx, cfg, stored); err != nil {
		db.Close()
		return nil, err
	}
	return c, nil
}

func (c *Centre) open(ctx context.Context, cfg Config, stored authority.Material) error {
	if err := c.belongs(ctx, stored.RootCertificate); err != nil {
		return fmt.Errorf("opening the centre: %w", err)
	}
	url, err := c.urlHTTP(ctx, cfg.URLHTTP)
	if err != nil {
		return err
	}
	c.urlBase = strings.TrimRight(url, "/")
	options := authority.Options{BaseURL: url, Now: c.now, Rand: c.rand}
	if err := c.loadGOST(ctx, &stored, options); err != nil {
		return err
	}
	if c.authority, err = authority.Open(stored, options); err != nil {
		return err
	}
	if err := c.noteGOST(ctx); err != nil {
		return err
	}
	if err := c.db.Do(ctx, func(t *ledger.Tx) error { _, err := t.IndexPeople(); return err }); err != nil {
		return fmt.Errorf("making people findable: %w", err)
	}
	c.anchors = c.authority.Intermediates()
	c.anchors.Add(c.authority.Root())
	if c.sealer, err = c.state.loadSealer(c.rand); err != nil {
		return err
	}
	c.speaker, err = c.cmpSigner(ctx, stored.IssuingKey)
	return err
}

// belongs says whether the database is that of the authority with this root.
func (c *Centre) belongs(ctx context.Context, rootPEM []byte) error {
	root, err := parsePEMCertificate(rootPEM)
	if err != nil {
		return err
	}
	return c.db.View(ctx, func(t *ledger.Tx) error {
		noted, err := t.Setting(settingRoot)
		if errors.Is(err, ledger.ErrNotFound) {
			return errors.New("the database belongs to no authority: run tirkeu-centre init")
		}
		if err == nil && string(noted) != hashOf(root.Raw) {
			return errors.New("the database belongs to another authority than the keys: check --db and --state")
		}
		return err
	})
}

// urlHTTP notes a new base of URLs, or reads the one noted before.
func (c *Centre) urlHTTP(ctx context.Context, told string) (string, error) {
	var noted []byte
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		noted, err = t.Setting(settingURL)
		return err
	})
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return "", fmt.Errorf("opening the centre: %w", err)
	}
	if told == "" || told == string(noted) {
		return string(noted), nil
	}
	return told, c.db.Do(ctx, func(t *ledger.Tx) error { return t.PutSetting(settingURL, []byte(told)) })
}

// Close lets go of the database.
func (c *Centre) Close() error { return c.db.Close() }

// Root and Issuing are the certificates of the authority.
func (c *Centre) Root() *x509.Certificate { return c.authority.Root() }

// Issuing is the certificate that citizens' RSA certificates, and those of kiosks, staff and servers are signed with.
func (c *Centre) Issuing() *x509.Certificate { return c.authority.Issuing() }

// Tidy does what time asks for: applications expire, certificates that were never confirmed are revoked, and what was
// confirmed before a crash is issued. It may be called as often as one likes.
func (c *Centre) Tidy(ctx context.Context) error {
	for {
		n, err := c.expire(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	if err := c.lapse(ctx); err != nil {
		return err
	}
	if err := c.revokeOverdue(ctx); err != nil {
		return fmt.Errorf("revoking what was accepted: %w", err)
	}
	var open []string
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		open, err = t.Unfinished()
		return err
	})
	if err != nil {
		return fmt.Errorf("tidying: %w", err)
	}
	for _, number := range open {
		if err := c.issue(ctx, number); err != nil {
			c.log.Error("issuing failed", "number", number, "error", err)
		}
	}
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		now := c.now()
		if err := t.ForgetReplies(now.Add(-c.rules.RepliesKept)); err != nil {
			return err
		}
		return t.ForgetCodes(now.Add(-c.rules.SignedWithin-24*time.Hour), now) // until then an application may arrive that names one
	})
}

// centreNamed is a registration centre by code; the sandbox's own is always there.
func (c *Centre) centreNamed(ctx context.Context, code string) (api.Centre, error) {
	sandbox := api.Centre{Code: DefaultCentre, Name: api.Words{Kk: "Сынақ тіркеу орталығы", Ru: "Учебный центр регистрации", En: "Sandbox registration centre"}}
	if code == DefaultCentre {
		return sandbox, nil
	}
	var text []byte
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		text, err = t.Setting(settingCentres)
		return err
	})
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return api.Centre{}, err
	}
	var centres []api.Centre
	if len(text) > 0 {
		if err := json.Unmarshal(text, &centres); err != nil {
			return api.Centre{}, fmt.Errorf("reading the list of centres: %w", err)
		}
	}
	for _, one := range centres {
		if one.Code == code {
			return one, nil
		}
	}
	return api.Centre{}, refuse(api.ErrorCodeNotFound, "there is no registration centre %q: import it with the directory", code)
}

type actorKey struct{}

// actor is who acts, for the audit log: what WithActor said, else the user of the command line.
func actor(ctx context.Context) string {
	if who, ok := ctx.Value(actorKey{}).(string); ok {
		return who
	}
	if u, err := user.Current(); err == nil {
		return "cli:" + u.Username
	}
	return "cli"
}

// WithActor says in whose name the calls of a context are made.
func WithActor(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, actorKey{}, who)
}
