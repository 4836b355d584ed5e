package engine

import (
	"context"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Citizen is who signed in. Session goes with every call that shows what is his; nothing personal is given without it.
type Citizen struct {
	Session  string
	IIN      string
	Name     registry.Name
	Serial   string // of the certificate that signed in, hex
	Template registry.Template
	Checked  bool // false: whether the key is revoked nobody can say
	Expires  time.Time
}

// Profile is what is known of a person.
type Profile struct {
	IIN        string
	Name       registry.Name
	Registered bool // the name is the register's; otherwise the certificate's
	Resident   bool
	Email      string
	Notices    bool // go to Email
}

// Origin is where an application comes from.
type Origin string

// The origins. OriginWeb waits for its citizen to confirm it, or was confirmed; OriginRequest is a bare CMP request.
const (
	OriginKiosk   Origin = "kiosk"
	OriginWeb     Origin = "web"
	OriginRequest Origin = "request"
)

// OwnItem is one of a person's applications in a list.
type OwnItem struct {
	Number               string
	Kind                 registry.Kind
	Status               registry.Status
	Origin               Origin
	Confirmable          bool // filed on the web, and he may confirm it here
	Storage              registry.StorageKind
	CreatedAt, ChangedAt time.Time
	ExpiresAt            time.Time // zero unless it waits
}

// WebRequest is what was asked for on the web. Whoever confirms it asks for the same storage and set of keys.
type WebRequest struct {
	Kind             registry.Kind
	Email            string
	Region, Locality string
	Storage          registry.StorageKind
	Set              string
}

// OwnApplication is one of a person's applications in full.
type OwnApplication struct {
	OwnItem
	Document     []byte      // nil for one on the web that was not confirmed
	Request      *WebRequest // nil unless filed on the web
	Reason       string      // why rejected, a code of the directory
	By           string      // who confirmed or rejected it: "staff", "self", or ""
	Signed       bool        // the citizen signed it
	Keys         []OwnKey
	Certificates []OwnCertificate
}

// OwnKey is a key of an application.
type OwnKey struct {
	Ordinal    int
	Template   registry.Template
	SPKISHA256 string
}

// OwnCertificate is one of a person's certificates.
type OwnCertificate struct {
	Ref                 registry.CertificateRef
	Template            registry.Template
	Family              string // "rsa" or "gost"
	Standing            string // "good", "revoked", "expired" or "not_yet_valid"
	How                 string // "staff", "web", "reissue", "information-system", "gost" or "request"
	Storage             registry.StorageKind
	Number              string
	NotBefore, NotAfter time.Time
	IssuedAt, RevokedAt time.Time // RevokedAt is zero unless revoked
	Reason              int       // CRLReason, RFC 5280 §5.3.1
	DER                 []byte
}

// System is an information system registered on a person.
type System struct {
	OID  string
	Name registry.Words
}

// SignIn signs a citizen in on this kiosk by a CMS over a challenge with his sign-in key. *api.Error: challenge_over,
// bad_signature, signature_time, not_sign_in_key, key_expired, key_not_yet_valid, key_revoked, key_foreign, key_unchecked.
func (l *Line) SignIn(ctx context.Context, challenge, cms []byte) (Citizen, error) {
	r, err := l.rest.OpenCitizenSessionWithResponse(ctx, api.SignedChallenge{Challenge: challenge, Signature: cms})
	if err != nil {
		return Citizen{}, explain(ctx, err)
	}
	s, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return Citizen{Session: s.Session, IIN: s.Person.Iin, Name: nameIn(s.Person), Serial: s.Serial, Template: registry.Template(s.Template),
		Checked: s.Checked, Expires: s.Expires}, err
}

// SignOut ends a session; one that has ended already is no error.
func (l *Line) SignOut(ctx context.Context, session string) error {
	r, err := l.rest.CloseCitizenSessionWithResponse(ctx, &api.CloseCitizenSessionParams{XCitizenSession: session})
	if err != nil {
		return explain(ctx, err)
	}
	return refusal(ctx, r.HTTPResponse, r.JSONDefault)
}

// Profile tells what is known of the person; *api.Error session_over.
func (l *Line) Profile(ctx context.Context, session string) (Profile, error) {
	r, err := l.rest.GetProfileWithResponse(ctx, &api.GetProfileParams{XCitizenSession: session})
	if err != nil {
		return Profile{}, explain(ctx, err)
	}
	p, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return profileIn(p), err
}

// SetProfile changes the e-mail address ("" for none) and whether notices go there; *api.Error session_over, bad_request.
func (l *Line) SetProfile(ctx context.Context, session, email string, notices bool) (Profile, error) {
	r, err := l.rest.PutProfileWithResponse(ctx, &api.PutProfileParams{XCitizenSession: session}, api.ProfileChange{Email: email, Notices: notices})
	if err != nil {
		return Profile{}, explain(ctx, err)
	}
	p, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return profileIn(p), err
}

// OwnApplications lists the person's applications, newest first, 200 at most; "" for status or kind wants all. *api.Error
// session_over.
func (l *Line) OwnApplications(ctx context.Context, session string, status registry.Status, kind registry.Kind) ([]OwnItem, error) {
	params := &api.ListOwnApplicationsParams{XCitizenSession: session}
	if status != "" {
		word := api.Status(status)
		params.Status = &word
	}
	if kind != "" {
		word := api.Kind(kind)
		params.Kind = &word
	}
	r, err := l.rest.ListOwnApplicationsWithResponse(ctx, params)
	if err != nil {
		return nil, explain(ctx, err)
	}
	list, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return nil, err
	}
	return itemsIn(list.Items)
}

// OwnApplication gives one of the person's applications in full; *api.Error session_over, not_found (another's too).
func (l *Line) OwnApplication(ctx context.Context, session, number string) (OwnApplication, error) {
	r, err := l.rest.GetOwnApplicationWithResponse(ctx, number, &api.GetOwnApplicationParams{XCitizenSession: session})
	if err != nil {
		return OwnApplication{}, explain(ctx, err)
	}
	a, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return OwnApplication{}, err
	}
	var out OwnApplication
	if out.OwnItem, err = itemIn(a.Item); err != nil {
		return OwnApplication{}, err
	}
	out.Document, out.Reason, out.Signed = value(a.Document), value(a.Reason), value(a.Signed)
	if a.By != nil {
		out.By = string(*a.By)
	}
	if w := a.Request; w != nil {
		out.Request = &WebRequest{Kind: registry.Kind(w.Kind), Email: w.Email, Region: w.Region, Locality: w.Locality, Storage: registry.StorageKind(w.Storage), Set: w.Set}
	}
	for _, k := range a.Keys {
		out.Keys = append(out.Keys, OwnKey{Ordinal: k.Ordinal, Template: registry.Template(k.Template), SPKISHA256: k.SpkiSha256})
	}
	out.Certificates = certificatesIn(a.Certificates)
	return out, nil
}

// OwnCertificates lists the person's certificates, newest first, 200 at most; standing "" wants all. *api.Error session_over.
func (l *Line) OwnCertificates(ctx context.Context, session, standing string) ([]OwnCertificate, error) {
	params := &api.ListOwnCertificatesParams{XCitizenSession: session}
	if standing != "" {
		word := api.Standing(standing)
		params.Status = &word
	}
	r, err := l.rest.ListOwnCertificatesWithResponse(ctx, params)
	if err != nil {
		return nil, explain(ctx, err)
	}
	list, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return certificatesIn(list.Items), err
}

// OwnSystems lists the information systems registered on the person; there may be none. *api.Error session_over.
func (l *Line) OwnSystems(ctx context.Context, session string) ([]System, error) {
	r, err := l.rest.ListOwnSystemsWithResponse(ctx, &api.ListOwnSystemsParams{XCitizenSession: session})
	if err != nil {
		return nil, explain(ctx, err)
	}
	list, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return nil, err
	}
	systems := make([]System, 0, len(list.Items))
	for _, y := range list.Items {
		systems = append(systems, System{OID: y.Oid, Name: wordsIn(y.Name)})
	}
	return systems, nil
}

func nameIn(p api.Person) registry.Name {
	return registry.Name{Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic}
}

func wordsIn(w api.Words) registry.Words { return registry.Words{KK: w.Kk, RU: w.Ru, EN: w.En} }

func profileIn(p api.Profile) Profile {
	return Profile{IIN: p.Person.Iin, Name: nameIn(p.Person), Registered: p.Registered, Resident: p.Resident, Email: p.Email, Notices: p.Notices}
}

// value is what a pointer points at, or nothing.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func itemIn(i api.OwnItem) (OwnItem, error) {
	item := OwnItem{Number: i.Number, Kind: registry.Kind(i.Kind), Status: registry.Status(i.Status), Origin: Origin(i.Origin), Confirmable: value(i.Confirmable),
		Storage: registry.StorageKind(i.Storage), CreatedAt: i.CreatedAt, ChangedAt: i.ChangedAt, ExpiresAt: value(i.ExpiresAt)}
	if !item.Status.Known() {
		return item, garbage("the status is none of the contract's")
	}
	return item, nil
}

func itemsIn(list []api.OwnItem) ([]OwnItem, error) {
	items := make([]OwnItem, 0, len(list))
	for _, one := range list {
		item, err := itemIn(one)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func certificatesIn(list []api.OwnCertificate) []OwnCertificate {
	all := make([]OwnCertificate, 0, len(list))
	for _, c := range list {
		all = append(all, OwnCertificate{Ref: registry.CertificateRef{Issuer: c.Issuer, Serial: c.Serial}, Template: registry.Template(c.Template),
			Family: string(c.Family), Standing: string(c.Status), How: string(c.How), Storage: registry.StorageKind(c.Storage), Number: c.Number,
			NotBefore: c.NotBefore, NotAfter: c.NotAfter, IssuedAt: c.IssuedAt, RevokedAt: value(c.RevokedAt), Reason: value(c.Reason), DER: c.Certificate})
	}
	return all
}
