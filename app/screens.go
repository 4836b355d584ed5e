package app

// The data of each screen, as the page reads it. frontend/src/contract.ts is generated from these types.

// TokenCard is a plugged token as shown to a person.
type TokenCard struct {
	Insertion uint64 `json:"insertion"`
	Kind      string `json:"kind" ts:"'kaztoken' | 'etoken' | 'jacarta' | 'akey' | 'idcard' | 'unknown'"`
	Name      string `json:"name"`
	Serial    string `json:"serial"`
	Usable    bool   `json:"usable"`
	Why       string `json:"why"` // why it cannot be used, ready words
}

// Medium is where keys are kept: a token or the citizen's stick.
type Medium struct {
	Kind   string `json:"kind" ts:"'kaztoken' | 'etoken' | 'jacarta' | 'akey' | 'idcard' | 'unknown' | 'stick'"`
	Name   string `json:"name"`
	Serial string `json:"serial"`
	Keep   bool   `json:"keep"` // it is just being let go of: not to be taken out yet
}

// StickCard is the stick as shown on the storage screen.
type StickCard struct {
	Present bool   `json:"present"`
	Usable  bool   `json:"usable"`
	Why     string `json:"why"`
}

// Row is one line of a summary.
type Row struct {
	Label   string `json:"label"`
	Value   string `json:"value"`
	Differs bool   `json:"differs"`
}

// Choice is one entry of a list to choose from.
type Choice struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// Reason is one reason for a rejection.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Note bool   `json:"note"` // a sentence of one's own must go with it
}

// QR is a QR code: Modules holds Size×Size characters, row by row, '1' dark.
type QR struct {
	Size    int    `json:"size"`
	Modules string `json:"modules"`
}

// Empty is the data of a screen that has none.
type Empty struct{}

// SetupScreen is the data of "setup".
type SetupScreen struct {
	Centre    string          `json:"centre"`
	Reference string          `json:"reference"`
	Displays  []DisplayChoice `json:"displays"`
	Display   string          `json:"display"`
	Languages []Lang          `json:"languages"`
	Busy      *Busy           `json:"busy"`
}

// DisplayChoice is one display the program knows.
type DisplayChoice struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	WidthPx    int     `json:"widthPx"`
	HeightPx   int     `json:"heightPx"`
	DiagonalIn float64 `json:"diagonalIn"`
}

// Busy says what is being waited for.
type Busy struct {
	Text string `json:"text"`
}

// SelftestScreen is the data of "selftest".
type SelftestScreen struct {
	Running bool           `json:"running"`
	Parts   []SelftestPart `json:"parts"`
}

// SelftestPart is one tested part of the terminal.
type SelftestPart struct {
	Name   string `json:"name" ts:"'window' | 'database' | 'centre' | 'clock' | 'tokens' | 'usb' | 'printer' | 'stick'"`
	State  string `json:"state" ts:"'well' | 'attention' | 'absent' | 'running'"`
	Title  string `json:"title"`
	Text   string `json:"text"`
	Advice string `json:"advice"`
}

// FaultScreen is the data of "fault": out of service.
type FaultScreen struct {
	Code   Code   `json:"code"`
	Title  string `json:"title"`
	Text   string `json:"text"`
	Advice string `json:"advice"`
}

// ApplyIINScreen is the data of "apply.iin".
type ApplyIINScreen struct {
	IIN string `json:"iin"`
}

// ApplyNameScreen is the data of "apply.name"; Known says that the register gave the name.
type ApplyNameScreen struct {
	Known      bool   `json:"known"`
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic"`
}

// ApplyEmailScreen is the data of "apply.email".
type ApplyEmailScreen struct {
	Email string `json:"email"`
}

// ApplyRegionScreen is the data of "apply.region".
type ApplyRegionScreen struct {
	Regions []Choice `json:"regions"`
	Chosen  string   `json:"chosen"`
	Kind    string   `json:"kind" ts:"'new' | 'reissue' | 'information-system' | 'gost'"`
}

// ApplyLocalityScreen is the data of "apply.locality".
type ApplyLocalityScreen struct {
	Region     string   `json:"region"`
	Localities []Choice `json:"localities"`
	Chosen     string   `json:"chosen"`
}

// ApplyStorageScreen is the data of "apply.storage".
type ApplyStorageScreen struct {
	Tokens  []TokenCard `json:"tokens"`
	Stick   StickCard   `json:"stick"`
	Allowed []string    `json:"allowed"`
	Kind    string      `json:"kind" ts:"'new' | 'reissue' | 'information-system' | 'gost'"`
}

// ApplySetScreen is the data of "apply.set".
type ApplySetScreen struct {
	Sets   []SetCard `json:"sets"`
	Chosen string    `json:"chosen"`
}

// SetCard is one set of keys to choose: what it is called and what one gets.
type SetCard struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Text string `json:"text"`
}

// ApplyAgreementScreen is the data of "apply.agreement".
type ApplyAgreementScreen struct {
	Title   string `json:"title"`
	Text    string `json:"text"`
	Version string `json:"version"`
}

// PINScreen is the data of "apply.pin", "install.pin", "keys.pin" and "staff.pin".
type PINScreen struct {
	Token TokenCard `json:"token"`
	Min   int       `json:"min"`
	Max   int       `json:"max"`
	Low   bool      `json:"low"`
	Final bool      `json:"final"`
	Cut   bool      `json:"cut"` // its PIN was being changed when that was cut off: it is the old one or the new one
}

// ApplyKeysScreen is the data of "apply.keys".
type ApplyKeysScreen struct {
	Medium Medium `json:"medium"`
	Key    int    `json:"key"`
	Keys   int    `json:"keys"`
	Phase  string `json:"phase" ts:"'generate' | 'check' | 'write'"`
	Text   string `json:"text"`
}

// ApplySummaryScreen is the data of "apply.summary".
type ApplySummaryScreen struct {
	Rows        []Row  `json:"rows"`
	ConsentText string `json:"consentText"`
	Kind        string `json:"kind" ts:"'new' | 'reissue' | 'information-system' | 'gost'"`
	Signed      bool   `json:"signed"` // the citizen signs it next
}

// ApplyDoneScreen is the data of "apply.done". State says what comes next: staff confirm it, it waits for the line, its
// certificates are being issued, or are here, or the centre has refused it, and then Why and Hint are words. Revoke: what was
// replaced may be revoked now.
type ApplyDoneScreen struct {
	Kind    string `json:"kind" ts:"'new' | 'reissue' | 'information-system' | 'gost'"`
	State   string `json:"state" ts:"'staff' | 'queued' | 'sent' | 'issued' | 'rejected'"`
	Why     string `json:"why"`
	Hint    string `json:"hint"`
	Revoke  bool   `json:"revoke"`
	Number  string `json:"number"`
	QR      QR     `json:"qr"`
	Online  bool   `json:"online"`
	Medium  Medium `json:"medium"`
	TakeOut bool   `json:"takeOut"`
	Days    int    `json:"days"`
	Receipt string `json:"receipt" ts:"'' | 'print' | 'email'"` // how one is offered
}

// StatusNumberScreen is the data of "status.number".
type StatusNumberScreen struct {
	Tokens []TokenCard `json:"tokens"`
}

// StatusWordScreen is the data of "status.word".
type StatusWordScreen struct {
	Number     string `json:"number"`
	Status     string `json:"status" ts:"'queued' | 'waiting' | 'confirmed' | 'rejected' | 'expired' | 'issued' | 'installed'"`
	Title      string `json:"title"`
	Text       string `json:"text"`
	Next       string `json:"next"`
	CanInstall bool   `json:"canInstall"`
	Left       bool   `json:"left"`    // it is over, and keys of it are on the stick that is in
	Removed    bool   `json:"removed"` // they were taken off the stick
}

// InstallMediumScreen is the data of "install.medium".
type InstallMediumScreen struct {
	Number  string `json:"number"`
	Medium  Medium `json:"medium"`
	Present bool   `json:"present"`
	Wrong   bool   `json:"wrong"`
	Why     string `json:"why"` // of a stick that is in and cannot be used, or what to mind; ready words
}

// InstallPasswordScreen is the data of "install.password".
type InstallPasswordScreen struct {
	Rules []PasswordRule `json:"rules"`
}

// PasswordRule is one rule a new password must meet; its words are "page.password.rule.<key>".
type PasswordRule struct {
	Key string `json:"key"`
}

// InstallProgressScreen is the data of "install.progress".
type InstallProgressScreen struct {
	Medium Medium `json:"medium"`
	Step   string `json:"step" ts:"'write' | 'read' | 'compare'"`
	Index  int    `json:"index"`
	Count  int    `json:"count"`
	Text   string `json:"text"`
}

// InstallFactoryScreen is the data of "install.factory".
type InstallFactoryScreen struct {
	Token TokenCard `json:"token"`
	Min   int       `json:"min"`
	Max   int       `json:"max"`
}

// InstallDoneScreen is the data of "install.done".
type InstallDoneScreen struct {
	Number       string            `json:"number"`
	Certificates []CertificateCard `json:"certificates"`
	Medium       Medium            `json:"medium"`
	Files        []string          `json:"files"`
	TakeOut      bool              `json:"takeOut"`
	Account      bool              `json:"account"` // the citizen is signed in and may go back there
	Revoke       bool              `json:"revoke"`  // what was replaced may be revoked now
}

// CertificateCard is an installed certificate as shown to a person.
type CertificateCard struct {
	Template  string `json:"template"`
	Title     string `json:"title"`
	Serial    string `json:"serial"`
	NotBefore string `json:"notBefore"`
	NotAfter  string `json:"notAfter"`
	KeyID     string `json:"keyId"`
}

// UnfinishedScreen is the data of "keys.unfinished".
type UnfinishedScreen struct {
	Token TokenCard        `json:"token"`
	Keys  []UnfinishedCard `json:"keys"`
	Must  bool             `json:"must"` // they cannot be left: the application in hand is theirs
}

// UnfinishedCard is a key pair that no certificate will come for.
type UnfinishedCard struct {
	Title  string `json:"title"`
	Number string `json:"number"`                                    // of its application, in groups
	Why    string `json:"why" ts:"'stopped' | 'elsewhere' | 'over'"` // a terminal stopped; another terminal made it; the application was rejected or has expired
}

// KeysMediumScreen is the data of "keys.medium".
type KeysMediumScreen struct {
	Tokens []TokenCard `json:"tokens"`
}

// KeysListScreen is the data of "keys.list".
type KeysListScreen struct {
	Token       TokenCard `json:"token"`
	Items       []KeyCard `json:"items"`
	CentreAsked bool      `json:"centreAsked"`
}

// KeyCard is one key of the list.
type KeyCard struct {
	Title     string `json:"title"`
	KeyID     string `json:"keyId"`
	NotBefore string `json:"notBefore"`
	NotAfter  string `json:"notAfter"`
	State     string `json:"state" ts:"'valid' | 'expired' | 'revoked' | 'unknown' | 'no-certificate' | 'waiting'"`
	StateText string `json:"stateText"`
	OnToken   bool   `json:"onToken"`
	AtCentre  bool   `json:"atCentre"`
	Number    string `json:"number"`
}

// StaffQueueScreen is the data of "staff.queue".
type StaffQueueScreen struct {
	Operator string      `json:"operator"`
	Items    []QueueItem `json:"items"`
	Query    string      `json:"query"`
	Link     Link        `json:"link"`
	Busy     bool        `json:"busy"`
}

// QueueItem is one application of the queue.
type QueueItem struct {
	Number      string `json:"number"`
	NumberText  string `json:"numberText"`
	Name        string `json:"name"`
	IIN         string `json:"iin"`
	CreatedAt   string `json:"createdAt"`
	Status      string `json:"status"`
	StatusText  string `json:"statusText"`
	LockedBy    string `json:"lockedBy"`
	NameDiffers bool   `json:"nameDiffers"`
}

// Link is the state of the line to the centre.
type Link struct {
	Online      bool   `json:"online"`
	Pending     int    `json:"pending"`
	Problem     string `json:"problem"`
	LastContact string `json:"lastContact"`
}

// StaffApplicationScreen is the data of "staff.application".
type StaffApplicationScreen struct {
	Number       string   `json:"number"`
	Rows         []Row    `json:"rows"`
	RegisterName string   `json:"registerName"`
	NameDiffers  bool     `json:"nameDiffers"`
	Documents    []Choice `json:"documents"`
	Reasons      []Reason `json:"reasons"`
	Own          bool     `json:"own"`
	Hash         string   `json:"hash"`
}

// StaffDecidedScreen is the data of "staff.decided".
type StaffDecidedScreen struct {
	Number  string `json:"number"`
	Verdict string `json:"verdict" ts:"'confirm' | 'reject'"`
	Title   string `json:"title"`
	Text    string `json:"text"`
}
