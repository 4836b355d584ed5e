package app

// The arguments of the actions, as the page sends them. A secret field is moved into a token.PIN or a
// keyfile.Password as soon as it is decoded and never stands in a log, an error or a snapshot.

// LanguageArgs go with "language" and "start".
type LanguageArgs struct {
	Lang Lang `json:"lang"`
}

// PrefsArgs go with "prefs"; what is absent stays.
type PrefsArgs struct {
	Contrast *string `json:"contrast,omitempty" ts:"'normal' | 'high'"`
	Text     *int    `json:"text,omitempty" ts:"0 | 1 | 2"`
	Motion   *bool   `json:"motion,omitempty"`
}

// EnrolArgs go with "setup.enrol".
type EnrolArgs struct {
	Centre    string `json:"centre"`
	Reference string `json:"reference"`
	Secret    string `json:"secret"`
	Display   string `json:"display"`
	Languages []Lang `json:"languages"`
}

// IINArgs go with "apply.iin".
type IINArgs struct {
	IIN string `json:"iin"`
}

// NameArgs go with "apply.name"; empty where the register's name is shown.
type NameArgs struct {
	Surname    string `json:"surname,omitempty"`
	Given      string `json:"given,omitempty"`
	Patronymic string `json:"patronymic,omitempty"`
}

// EmailArgs go with "apply.email"; empty skips.
type EmailArgs struct {
	Email string `json:"email"`
}

// CodeArgs go with "apply.region", "apply.locality", "apply.set" and "system.choose".
type CodeArgs struct {
	Code string `json:"code"`
}

// StorageArgs go with "apply.storage".
type StorageArgs struct {
	Kind      string `json:"kind" ts:"'token' | 'stick'"`
	Insertion uint64 `json:"insertion,omitempty"`
}

// MethodArgs go with "code.ask".
type MethodArgs struct {
	Method string `json:"method" ts:"'sms' | 'digital-document'"`
}

// OneTimeCodeArgs go with "code.tell".
type OneTimeCodeArgs struct {
	Code string `json:"code"`
}

// PINArgs go with the PIN screens, and with "sign.secret", where it may be a password.
type PINArgs struct {
	PIN string `json:"pin"`
}

// SubmitArgs go with "apply.submit".
type SubmitArgs struct {
	Consent bool `json:"consent"`
}

// NumberArgs go with "status.find" and "staff.open".
type NumberArgs struct {
	Number string `json:"number"`
}

// InsertionArgs go with "status.by-token" and "keys.token"; zero means the only one there is.
type InsertionArgs struct {
	Insertion uint64 `json:"insertion,omitempty"`
}

// KeyArgs go with "sign.go": the key's place in the list.
type KeyArgs struct {
	Key int `json:"key"`
}

// PasswordArgs go with "install.password".
type PasswordArgs struct {
	Password string `json:"password"`
	Again    string `json:"again"`
}

// FileArgs go with "files.open": the file's place in the list.
type FileArgs struct {
	File int `json:"file"`
}

// FilePasswordArgs go with "files.password".
type FilePasswordArgs struct {
	Password string `json:"password"`
}

// NewPasswordArgs go with "files.new-password".
type NewPasswordArgs struct {
	Old      string `json:"old"`
	Password string `json:"password"`
	Again    string `json:"again"`
}

// ChangePINArgs go with "install.change-pin".
type ChangePINArgs struct {
	New   string `json:"new"`
	Again string `json:"again"`
}

// KeysArgs go with "revoke.choose": places in the list.
type KeysArgs struct {
	Keys []int `json:"keys"`
}

// NoticesArgs go with "profile.notices".
type NoticesArgs struct {
	On bool `json:"on"`
}

// SiftArgs go with "applications.sift"; empty is all.
type SiftArgs struct {
	Status string `json:"status"`
	Kind   string `json:"kind"`
}

// PersonArgs go with "staff.person": the person's place in the list.
type PersonArgs struct {
	Person int `json:"person"`
}

// OrderArgs go with "staff.order": which certificates, by their places in the list, why, and what was checked.
type OrderArgs struct {
	Certificates []int        `json:"certificates"`
	Reason       string       `json:"reason"`
	Note         string       `json:"note"`
	Document     DocumentArgs `json:"document"`
}

// DayArgs go with "staff.report-day": days from the one that is shown; zero is today.
type DayArgs struct {
	Step int `json:"step"`
}

// OwnPINArgs go with "password.pin".
type OwnPINArgs struct {
	Old   string `json:"old"`
	New   string `json:"new"`
	Again string `json:"again"`
}

// SearchArgs go with "staff.search".
type SearchArgs struct {
	Query string `json:"query"`
}

// DocumentArgs are the identity document that was checked.
type DocumentArgs struct {
	Type   string `json:"type"`
	Number string `json:"number"`
}

// ConfirmArgs go with "staff.confirm".
type ConfirmArgs struct {
	Document DocumentArgs `json:"document"`
}

// RejectArgs go with "staff.reject".
type RejectArgs struct {
	Reason string `json:"reason"`
	Note   string `json:"note"`
}

// screenData names every screen and the type of its data.
var screenData = []struct {
	name string
	data any
}{
	{"setup", SetupScreen{}}, {"selftest", SelftestScreen{}}, {"fault", FaultScreen{}},
	{"attract", Empty{}}, {"menu", Empty{}},
	{"apply.iin", ApplyIINScreen{}}, {"apply.name", ApplyNameScreen{}}, {"apply.email", ApplyEmailScreen{}},
	{"apply.region", ApplyRegionScreen{}}, {"apply.locality", ApplyLocalityScreen{}}, {"apply.storage", ApplyStorageScreen{}},
	{"apply.stick-warning", Empty{}}, {"apply.set", ApplySetScreen{}}, {"apply.agreement", ApplyAgreementScreen{}}, {"apply.pin", PINScreen{}},
	{"apply.keys", ApplyKeysScreen{}}, {"apply.summary", ApplySummaryScreen{}}, {"apply.done", ApplyDoneScreen{}},
	{"status.number", StatusNumberScreen{}}, {"status.word", StatusWordScreen{}},
	{"install.medium", InstallMediumScreen{}}, {"install.pin", PINScreen{}}, {"install.password", InstallPasswordScreen{}},
	{"install.progress", InstallProgressScreen{}}, {"install.factory", InstallFactoryScreen{}}, {"install.done", InstallDoneScreen{}},
	{"keys.medium", KeysMediumScreen{}}, {"keys.pin", PINScreen{}}, {"keys.list", KeysListScreen{}}, {"keys.unfinished", UnfinishedScreen{}},
	{"files.medium", FilesMediumScreen{}}, {"files.list", FilesListScreen{}}, {"files.password", FilesPasswordScreen{}},
	{"files.detail", FilesDetailScreen{}}, {"files.change", FilesChangeScreen{}}, {"files.progress", FilesProgressScreen{}},
	{"files.changed", FilesChangedScreen{}},
	{"sign.medium", SignMediumScreen{}}, {"sign.lost", Empty{}}, {"sign.file", SignFileScreen{}}, {"sign.secret", SignSecretScreen{}}, {"sign.keys", SignKeysScreen{}},
	{"cabinet.home", CabinetHomeScreen{}},
	{"revoke.list", RevokeListScreen{}}, {"revoke.reason", RevokeReasonScreen{}}, {"revoke.confirm", RevokeConfirmScreen{}}, {"revoke.done", RevokeDoneScreen{}},
	{"certificates.list", CertificatesListScreen{}}, {"certificates.report", CertificatesReportScreen{}},
	{"profile.view", ProfileScreen{}}, {"profile.email", ProfileEmailScreen{}},
	{"applications.list", ApplicationsListScreen{}}, {"applications.detail", ApplicationsDetailScreen{}},
	{"apply.card-warning", ApplyCardWarningScreen{}}, {"system.list", SystemListScreen{}}, {"gost.info", GOSTInfoScreen{}},
	{"code.method", CodeMethodScreen{}}, {"code.entry", CodeEntryScreen{}},
	{"password.medium", PasswordMediumScreen{}}, {"password.pin", PasswordPINScreen{}}, {"password.done", PasswordDoneScreen{}},
	{"install.take", InstallTakeScreen{}},
	{"receipt.take", ReceiptTakeScreen{}}, {"receipt.email", ReceiptEmailScreen{}},
	{"staff.people", StaffPeopleScreen{}}, {"staff.person", StaffPersonScreen{}}, {"staff.revoke", StaffRevokeScreen{}}, {"staff.revoked", StaffRevokedScreen{}},
	{"staff.unblock", StaffUnblockScreen{}}, {"staff.unblock-admin", PINScreen{}}, {"staff.unblock-turn", StaffUnblockTurnScreen{}},
	{"staff.unblock-pin", StaffUnblockPINScreen{}}, {"staff.unblocked", StaffUnblockedScreen{}}, {"staff.report", StaffReportScreen{}},
	{"staff.devices", StaffDevicesScreen{}}, {"staff.pin", PINScreen{}}, {"staff.queue", StaffQueueScreen{}}, {"staff.application", StaffApplicationScreen{}},
	{"staff.decided", StaffDecidedScreen{}},
}

// actionArgs names every action and the type of its arguments.
var actionArgs = []struct {
	name string
	args any
}{
	{"language", LanguageArgs{}}, {"prefs", PrefsArgs{}}, {"back", Empty{}}, {"stay", Empty{}}, {"exit", Empty{}},
	{"exit.confirm", Empty{}}, {"exit.cancel", Empty{}}, {"notice.dismiss", Empty{}}, {"staff.end", Empty{}}, {"staff.leave", Empty{}},
	{"setup.enrol", EnrolArgs{}}, {"selftest.again", Empty{}}, {"selftest.finish", Empty{}},
	{"start", LanguageArgs{}}, {"apply", Empty{}}, {"status", Empty{}}, {"keys", Empty{}}, {"files", Empty{}},
	{"apply.iin", IINArgs{}}, {"apply.name", NameArgs{}}, {"apply.email", EmailArgs{}}, {"apply.region", CodeArgs{}},
	{"apply.locality", CodeArgs{}}, {"apply.storage", StorageArgs{}}, {"apply.stick-accept", Empty{}}, {"apply.set", CodeArgs{}}, {"apply.agree", Empty{}},
	{"apply.pin", PINArgs{}}, {"apply.submit", SubmitArgs{}}, {"finish", Empty{}},
	{"status.find", NumberArgs{}}, {"status.by-token", InsertionArgs{}}, {"status.install", Empty{}}, {"status.remove", Empty{}},
	{"install.go", Empty{}}, {"install.pin", PINArgs{}}, {"install.password", PasswordArgs{}},
	{"install.change-pin", ChangePINArgs{}}, {"install.keep-pin", Empty{}},
	{"keys.token", InsertionArgs{}}, {"keys.pin", PINArgs{}}, {"keys.remove", Empty{}}, {"keys.keep", Empty{}},
	{"files.look", Empty{}}, {"files.open", FileArgs{}}, {"files.password", FilePasswordArgs{}}, {"files.change", Empty{}},
	{"files.new-password", NewPasswordArgs{}}, {"files.again", Empty{}},
	{"cabinet", Empty{}}, {"cabinet.leave", Empty{}}, {"reissue", Empty{}}, {"revoke", Empty{}}, {"applications", Empty{}}, {"certificates", Empty{}},
	{"password", Empty{}}, {"system", Empty{}}, {"gost", Empty{}}, {"profile", Empty{}},
	{"sign.medium", StorageArgs{}}, {"sign.lost", Empty{}}, {"sign.file", FileArgs{}}, {"sign.look", Empty{}}, {"sign.secret", PINArgs{}}, {"sign.go", KeyArgs{}},
	{"keys.read", Empty{}}, {"revoke.choose", KeysArgs{}}, {"revoke.reason", CodeArgs{}}, {"revoke.agreement", Empty{}}, {"revoke.go", SubmitArgs{}},
	{"certificates.sift", CodeArgs{}}, {"certificates.report", Empty{}}, {"report.print", Empty{}}, {"report.save", Empty{}},
	{"profile.show", Empty{}}, {"profile.email", Empty{}}, {"profile.save-email", EmailArgs{}}, {"profile.notices", NoticesArgs{}},
	{"applications.sift", SiftArgs{}}, {"applications.open", NumberArgs{}}, {"applications.confirm", SubmitArgs{}}, {"applications.install", Empty{}},
	{"apply.card-accept", Empty{}}, {"system.look", Empty{}}, {"system.choose", CodeArgs{}}, {"gost.confirm", Empty{}},
	{"code.ask", MethodArgs{}}, {"code.tell", OneTimeCodeArgs{}}, {"code.resend", Empty{}},
	{"password.medium", StorageArgs{}}, {"password.pin", OwnPINArgs{}}, {"password.again", Empty{}}, {"install.take", StorageArgs{}},
	{"receipt.print", Empty{}}, {"receipt.email", Empty{}}, {"receipt.send", EmailArgs{}},
	{"staff.queue", Empty{}}, {"staff.people", Empty{}}, {"staff.unblock", Empty{}}, {"staff.devices", Empty{}}, {"staff.report", Empty{}},
	{"staff.find", SearchArgs{}}, {"staff.person", PersonArgs{}}, {"staff.revoke", Empty{}}, {"staff.order", OrderArgs{}},
	{"staff.unblock-token", InsertionArgs{}}, {"staff.unblock-admin", PINArgs{}}, {"staff.turned", Empty{}}, {"staff.unblock-pin", ChangePINArgs{}},
	{"staff.report-day", DayArgs{}}, {"staff.report-save", CodeArgs{}}, {"staff.report-print", Empty{}},
	{"staff.pin", PINArgs{}}, {"staff.search", SearchArgs{}}, {"staff.open", NumberArgs{}}, {"staff.leave-mode", Empty{}},
	{"staff.confirm", ConfirmArgs{}}, {"staff.reject", RejectArgs{}}, {"staff.close", Empty{}}, {"staff.back", Empty{}},
}
