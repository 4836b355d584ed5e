package app

// The data of the cabinet's screens about what a person has: certificates, applications, data of his own.

// OwnKeyCard is one certificate of the person's; all texts are ready words. Pair is the place in the list of the other key of
// an RSA pair, or -1.
type OwnKeyCard struct {
	Key       int    `json:"key"` // its place in the list
	Title     string `json:"title"`
	State     string `json:"state" ts:"'valid' | 'unchecked' | 'not-yet' | 'expired' | 'revoked' | 'asked'"`
	StateText string `json:"stateText"`
	Rows      []Row  `json:"rows"`
	Usable    bool   `json:"usable"`
	Why       string `json:"why"`
	Pair      int    `json:"pair"`
}

// RevokeListScreen is the data of "revoke.list". Whole is false where only what lies on the opened media is known.
type RevokeListScreen struct {
	Keys   []OwnKeyCard `json:"keys"`
	Chosen []int        `json:"chosen"`
	Max    int          `json:"max"`
	Whole  bool         `json:"whole"`
}

// RevokeReasonScreen is the data of "revoke.reason".
type RevokeReasonScreen struct {
	Reasons []Choice `json:"reasons"`
	Chosen  string   `json:"chosen"`
	Count   int      `json:"count"` // of keys
}

// RevokeConfirmScreen is the data of "revoke.confirm". Last says that no key to sign with is left afterwards.
type RevokeConfirmScreen struct {
	Count       int    `json:"count"`
	Rows        []Row  `json:"rows"`
	Last        bool   `json:"last"`
	Offline     bool   `json:"offline"`
	ConsentText string `json:"consentText"`
}

// RevokeDoneScreen is the data of "revoke.done". Home says that the cabinet can be gone on with.
type RevokeDoneScreen struct {
	Number  string   `json:"number"`
	QR      QR       `json:"qr"`
	State   string   `json:"state" ts:"'queued' | 'sent' | 'revoked' | 'refused'"`
	Title   string   `json:"title"`
	Text    string   `json:"text"`
	Hint    string   `json:"hint"`
	Proofs  []Proved `json:"proofs"`
	Medium  Medium   `json:"medium"`
	TakeOut bool     `json:"takeOut"`
	Home    bool     `json:"home"`
	Receipt string   `json:"receipt" ts:"'' | 'print' | 'email'"` // how one is offered
}

// Proved is one place in which the revocation must be seen.
type Proved struct {
	Name string `json:"name" ts:"'list' | 'ocsp' | 'crl'"`
	Text string `json:"text"`
	Seen bool   `json:"seen"`
}

// CertificatesListScreen is the data of "certificates.list".
type CertificatesListScreen struct {
	Keys   []OwnKeyCard `json:"keys"`
	Sieves []Choice     `json:"sieves"`
	Sieve  string       `json:"sieve"`
	Total  int          `json:"total"`
	Whole  bool         `json:"whole"`
}

// CertificatesReportScreen is the data of "certificates.report".
type CertificatesReportScreen struct {
	Phase   string    `json:"phase" ts:"'choose' | 'print' | 'save' | 'printed' | 'saved'"`
	Printer bool      `json:"printer"`
	Stick   StickCard `json:"stick"`
	Text    string    `json:"text"` // how the printer is, or what the file is called
	Medium  Medium    `json:"medium"`
	TakeOut bool      `json:"takeOut"`
}

// ProfileScreen is the data of "profile.view".
type ProfileScreen struct {
	Rows    []Row  `json:"rows"`
	Open    bool   `json:"open"` // the IIN is shown whole
	Email   string `json:"email"`
	Notices bool   `json:"notices"`
	Saved   bool   `json:"saved"`
}

// ProfileEmailScreen is the data of "profile.email".
type ProfileEmailScreen struct {
	Email string `json:"email"`
}

// ApplicationCard is one application in a list.
type ApplicationCard struct {
	Number     string `json:"number"`
	NumberText string `json:"numberText"`
	Kind       string `json:"kind"`
	Status     string `json:"status" ts:"'queued' | 'waiting' | 'confirmed' | 'rejected' | 'expired' | 'issued' | 'installed' | 'revoked'"`
	StatusText string `json:"statusText"`
	Storage    string `json:"storage"`
	CreatedAt  string `json:"createdAt"`
	Todo       bool   `json:"todo"` // the person may confirm it here
}

// ApplicationsListScreen is the data of "applications.list". Statuses and Kinds are those that occur.
type ApplicationsListScreen struct {
	Items    []ApplicationCard `json:"items"`
	Total    int               `json:"total"`
	Statuses []Choice          `json:"statuses"`
	Kinds    []Choice          `json:"kinds"`
	Status   string            `json:"status"`
	Kind     string            `json:"kind"`
}

// ApplicationsDetailScreen is the data of "applications.detail".
type ApplicationsDetailScreen struct {
	Number       string       `json:"number"`
	Status       string       `json:"status" ts:"'queued' | 'waiting' | 'confirmed' | 'rejected' | 'expired' | 'issued' | 'installed' | 'revoked'"`
	Title        string       `json:"title"`
	Text         string       `json:"text"`
	Next         string       `json:"next"`
	Rows         []Row        `json:"rows"`
	Certificates []OwnKeyCard `json:"certificates"`
	CanConfirm   bool         `json:"canConfirm"`
	CanInstall   bool         `json:"canInstall"`
	ConsentText  string       `json:"consentText"`
}
