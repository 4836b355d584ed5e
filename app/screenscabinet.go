package app

// The data of the screens of the personal cabinet, as the page reads it.

// SignMediumScreen is the data of "sign.medium". Kinds are all storages the centre knows, for who has none plugged in.
type SignMediumScreen struct {
	Purpose string      `json:"purpose" ts:"'sign-in' | 'sign' | 'read'"`
	Tokens  []TokenCard `json:"tokens"`
	Stick   StickCard   `json:"stick"`
	Kinds   []Medium    `json:"kinds"`
	CanLost bool        `json:"canLost"` // "I have no key that works" is offered
}

// SignFileScreen is the data of "sign.file".
type SignFileScreen struct {
	Purpose string     `json:"purpose" ts:"'sign-in' | 'sign' | 'read'"`
	Files   []FileCard `json:"files"`
	More    bool       `json:"more"`
}

// SignSecretScreen is the data of "sign.secret": File or Token is set. Factory is the hint about the maker's PIN.
type SignSecretScreen struct {
	Purpose string     `json:"purpose" ts:"'sign-in' | 'sign' | 'read'"`
	Medium  Medium     `json:"medium"`
	File    *FileCard  `json:"file"`
	Token   *PINScreen `json:"token"`
	Factory string     `json:"factory"`
}

// SignKeysScreen is the data of "sign.keys". Chosen is -1 when no key serves; What is what will be signed.
type SignKeysScreen struct {
	Purpose string    `json:"purpose" ts:"'sign-in' | 'sign' | 'read'"`
	What    string    `json:"what"`
	Medium  Medium    `json:"medium"`
	Keys    []SignKey `json:"keys"`
	Chosen  int       `json:"chosen"`
	Factory bool      `json:"factory"` // the PIN that was typed is the factory's
}

// SignKey is one key that was found; Why and Advice say why it does not serve.
type SignKey struct {
	Card   FileKey `json:"card"`
	Usable bool    `json:"usable"`
	Why    string  `json:"why"`
	Advice string  `json:"advice"`
}

// CabinetHomeScreen is the data of "cabinet.home". Key and Until tell of the key that signed in.
type CabinetHomeScreen struct {
	Name    string        `json:"name"`
	IIN     string        `json:"iin"`
	Offline bool          `json:"offline"`
	Factory bool          `json:"factory"`
	Key     string        `json:"key"`
	Until   string        `json:"until"`
	Items   []CabinetItem `json:"items"`
}

// CabinetItem is one function of the cabinet; its words are "page.cabinet.home.<does>".
type CabinetItem struct {
	Does   string `json:"does" ts:"ActionName"`
	Usable bool   `json:"usable"`
	Why    string `json:"why"`
}
