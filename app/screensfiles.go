package app

// The data of the screens about key files on a stick, as the page reads it.

// FileCard is one file on the stick as shown to a person before its password is known. Title is its name made readable: a
// guess from how the authority names files, which proves nothing.
type FileCard struct {
	File   int    `json:"file"`   // its place in the list, for "files.open"
	Title  string `json:"title"`  // ready words
	Name   string `json:"name"`   // as it stands on the stick, shortened where it is very long
	Folder string `json:"folder"` // empty in the stick's top folder
	Usable bool   `json:"usable"`
	Why    string `json:"why"`    // why it cannot be opened, ready words
	Advice string `json:"advice"` // what to do then
}

// FilesMediumScreen is the data of "files.medium".
type FilesMediumScreen struct {
	Present bool   `json:"present"`
	Why     string `json:"why"` // why the stick that is in cannot be used, or what to mind; ready words
}

// FilesListScreen is the data of "files.list". More says that there are more files than are shown.
type FilesListScreen struct {
	Files []FileCard `json:"files"`
	More  bool       `json:"more"`
}

// FilesPasswordScreen is the data of "files.password".
type FilesPasswordScreen struct {
	File FileCard `json:"file"`
}

// FilesDetailScreen is the data of "files.detail".
type FilesDetailScreen struct {
	File      FileCard  `json:"file"`
	Keys      []FileKey `json:"keys"`
	CanChange bool      `json:"canChange"` // the password
}

// FileKey is one key of an opened file, or a certificate that lies there without its key. All texts are ready words.
type FileKey struct {
	State     string   `json:"state" ts:"'valid' | 'unchecked' | 'foreign' | 'not-yet' | 'expired' | 'revoked' | 'no-certificate' | 'no-key'"`
	StateText string   `json:"stateText"`
	Title     string   `json:"title"`
	Rows      []Row    `json:"rows"`  // whose, what for, until when, by whom
	Notes     []string `json:"notes"` // what to know and what to do
}

// FilesChangeScreen is the data of "files.change".
type FilesChangeScreen struct {
	File  FileCard       `json:"file"`
	Rules []PasswordRule `json:"rules"`
}

// FilesProgressScreen is the data of "files.progress".
type FilesProgressScreen struct {
	Medium Medium `json:"medium"`
	Text   string `json:"text"`
}

// FilesChangedScreen is the data of "files.changed".
type FilesChangedScreen struct {
	File    FileCard `json:"file"`
	Medium  Medium   `json:"medium"`
	TakeOut bool     `json:"takeOut"`
}
