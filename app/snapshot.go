package app

// Snapshot is everything the page shows: one numbered picture of where the session stands. The page shows the one
// with the highest Seq and throws older ones away. Texts in it are ready in the chosen language.
type Snapshot struct {
	Seq       uint64       `json:"seq"`
	Lang      Lang         `json:"lang"`
	Languages []Lang       `json:"languages"`
	Prefs     Prefs        `json:"prefs"`
	Display   Display      `json:"display"`
	Centre    Centre       `json:"centre"`
	Online    bool         `json:"online"`
	Pending   int          `json:"pending"` // rows of the outbox that have not been sent
	Training  bool         `json:"training"`
	Role      Role         `json:"role"`
	Session   *Session     `json:"session"`
	Progress  *Progress    `json:"progress"`
	Screen    Screen       `json:"screen"`
	CanBack   bool         `json:"canBack"`
	CanExit   bool         `json:"canExit"`
	Notice    *Notice      `json:"notice"`
	Plug      *PlugNews    `json:"plug"`
	Devices   []DeviceCard `json:"devices"`
	Dialog    *Dialog      `json:"dialog"`
}

// Lang is one of the three languages.
type Lang string

// The languages, in the order of the law: state language first.
const (
	Kazakh  Lang = "kk"
	Russian Lang = "ru"
	English Lang = "en"
)

// Role says who stands before the terminal.
type Role string

// The roles.
const (
	RoleNone       Role = "none"
	RoleCitizen    Role = "citizen"
	RoleStaff      Role = "staff"
	RoleTechnician Role = "technician"
)

// Prefs are a person's choices for the screen; they end with the session.
type Prefs struct {
	Contrast string `json:"contrast" ts:"'normal' | 'high'"`
	Text     int    `json:"text" ts:"0 | 1 | 2"` // 100 %, 125 %, 150 %
	Motion   bool   `json:"motion"`
}

// Display is the size of the screen; the page derives pixels per millimetre from it.
type Display struct {
	WidthPx    int     `json:"widthPx"`
	HeightPx   int     `json:"heightPx"`
	DiagonalIn float64 `json:"diagonalIn"`
}

// Centre is the registration centre this terminal belongs to.
type Centre struct {
	Name string `json:"name"`
}

// Session is the page's view of a running session; IdleSeconds is set while the idle warning is open.
type Session struct {
	IdleSeconds *int `json:"idleSeconds"`
}

// Progress is the line that shows where the citizen is and how far it is to go.
type Progress struct {
	Steps []Step `json:"steps"`
}

// Step is one step of the progress line.
type Step struct {
	Key   string `json:"key"`
	State string `json:"state" ts:"'done' | 'now' | 'todo'"`
}

// Screen is one screen: its name and its data, of the type that belongs to the name.
type Screen struct {
	Name string `json:"name"`
	Data any    `json:"data"`
}

// Notice is a sentence over the screen: what happened, what it means, what to do, and the number to tell at the desk.
type Notice struct {
	Code     Code   `json:"code"`
	Severity string `json:"severity" ts:"'error' | 'warn' | 'info'"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Hint     string `json:"hint"`
}

// Dialog is a question that must be answered before anything else.
type Dialog struct {
	Name string     `json:"name" ts:"'idle' | 'staff-ends-session' | 'exit-confirm' | 'remove-token'"`
	Data DialogData `json:"data"`
}

// DialogData is what the dialogs show.
type DialogData struct {
	Seconds *int       `json:"seconds,omitempty"`
	Token   *TokenCard `json:"token,omitempty"`
}
