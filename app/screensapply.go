package app

// The data of the screens of applications that the citizen signs, as the page reads it.

// ApplyCardWarningScreen is the data of "apply.card-warning". Pairs is how many key pairs a card may hold.
type ApplyCardWarningScreen struct {
	Card  TokenCard `json:"card"`
	Pairs int       `json:"pairs"`
}

// SystemListScreen is the data of "system.list".
type SystemListScreen struct {
	Systems []SystemCard `json:"systems"`
	Chosen  string       `json:"chosen"`
}

// SystemCard is one information system of the citizen's.
type SystemCard struct {
	OID  string `json:"oid"`
	Name string `json:"name"`
}

// GOSTInfoScreen is the data of "gost.info": what the centre says of such keys.
type GOSTInfoScreen struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// CodeMethodScreen is the data of "code.method".
type CodeMethodScreen struct {
	Methods []string `json:"methods" ts:"('sms' | 'digital-document')[]"`
}

// CodeEntryScreen is the data of "code.entry". Moments are in milliseconds since 1970, UTC; the page counts down to them.
type CodeEntryScreen struct {
	Method    string `json:"method" ts:"'sms' | 'digital-document'"`
	SentTo    string `json:"sentTo"` // the end of a telephone number; may be empty
	ExpiresAt int64  `json:"expiresAt" ts:"number"`
	ResendAt  int64  `json:"resendAt" ts:"number"`
	Resends   int    `json:"resends"`
	Left      int    `json:"left"` // tries; -1 while nobody has said
	Locked    bool   `json:"locked"`
}
