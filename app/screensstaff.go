package app

// StaffDevicesScreen is the data of "staff.devices": all that is plugged into USB.
type StaffDevicesScreen struct {
	Operator string       `json:"operator"`
	Devices  []DeviceCard `json:"devices"`
}

// The data of the screens of supervisor mode beside the queue, as the page reads it.

// StaffPeopleScreen is the data of "staff.people". Asked tells an empty answer from none.
type StaffPeopleScreen struct {
	Operator string       `json:"operator"`
	Query    string       `json:"query"`
	Asked    bool         `json:"asked"`
	Items    []PersonItem `json:"items"`
}

// PersonItem is one person who was found.
type PersonItem struct {
	Name string `json:"name"`
	IIN  string `json:"iin"` // the middle is hidden
}

// StaffPersonScreen is the data of "staff.person".
type StaffPersonScreen struct {
	Name         string              `json:"name"`
	Own          bool                `json:"own"`
	CanRevoke    bool                `json:"canRevoke"`
	Rows         []Row               `json:"rows"`
	Certificates []PersonCertificate `json:"certificates"`
	Applications []PersonApplication `json:"applications"`
}

// PersonCertificate is one certificate of a person.
type PersonCertificate struct {
	Title     string `json:"title"`
	Serial    string `json:"serial"`
	State     string `json:"state" ts:"'good' | 'revoked' | 'expired' | 'not_yet_valid'"`
	StateText string `json:"stateText"`
	NotBefore string `json:"notBefore"`
	NotAfter  string `json:"notAfter"`
	Number    string `json:"number"`
}

// PersonApplication is one application of a person.
type PersonApplication struct {
	Number string `json:"number"`
	Kind   string `json:"kind"`
	Status string `json:"status"`
	At     string `json:"at"`
}

// StaffRevokeScreen is the data of "staff.revoke". Most is how many certificates one order may name.
type StaffRevokeScreen struct {
	Name         string              `json:"name"`
	IIN          string              `json:"iin"`
	Certificates []PersonCertificate `json:"certificates"`
	Reasons      []Choice            `json:"reasons"`
	Documents    []Choice            `json:"documents"`
	Most         int                 `json:"most"`
}

// StaffRevokedScreen is the data of "staff.revoked".
type StaffRevokedScreen struct {
	Name  string        `json:"name"`
	Items []RevokedItem `json:"items"`
}

// RevokedItem is one revoked certificate; Seen says that others are told of it already.
type RevokedItem struct {
	Title  string `json:"title"`
	Serial string `json:"serial"`
	Seen   bool   `json:"seen"`
	Text   string `json:"text"`
}

// StaffUnblockScreen is the data of "staff.unblock". Why of a usable token is whether its PIN is blocked.
type StaffUnblockScreen struct {
	Operator string      `json:"operator"`
	Tokens   []TokenCard `json:"tokens"`
}

// StaffUnblockTurnScreen is the data of "staff.unblock-turn".
type StaffUnblockTurnScreen struct {
	Token TokenCard `json:"token"`
}

// StaffUnblockPINScreen is the data of "staff.unblock-pin".
type StaffUnblockPINScreen struct {
	Token TokenCard `json:"token"`
	Min   int       `json:"min"`
	Max   int       `json:"max"`
}

// StaffUnblockedScreen is the data of "staff.unblocked".
type StaffUnblockedScreen struct {
	Medium  Medium `json:"medium"`
	TakeOut bool   `json:"takeOut"`
}

// StaffReportScreen is the data of "staff.report".
type StaffReportScreen struct {
	Operator  string           `json:"operator"`
	Day       string           `json:"day"`
	Today     bool             `json:"today"` // there is no later day
	Totals    []Row            `json:"totals"`
	Operators []ReportOperator `json:"operators"`
	Rows      []ReportItem     `json:"rows"`
	Stick     bool             `json:"stick"`   // is there
	Printer   bool             `json:"printer"` // is there
	Saved     string           `json:"saved"`   // what was done with the report, ready words
}

// ReportOperator is what one operator decided.
type ReportOperator struct {
	Name      string `json:"name"`
	Confirmed int    `json:"confirmed"`
	Rejected  int    `json:"rejected"`
}

// ReportItem is one application of the day.
type ReportItem struct {
	Number   string `json:"number"`
	Kind     string `json:"kind"`
	Storage  string `json:"storage"`
	Status   string `json:"status"`
	FiledAt  string `json:"filedAt"`
	Operator string `json:"operator"`
}
