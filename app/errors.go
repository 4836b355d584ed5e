package app

import (
	"context"
	"errors"
	"time"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
)

// Code is an error's number as a citizen tells it at the desk. The words stand in app/locales under "error.<code>":
// title (what happened), text (what it means), hint (what to do).
type Code string

// The closed list. 11xx what was typed, 12xx token, 13xx stick, 14xx line and centre, 15xx this terminal, 16xx staff,
// 17xx the personal cabinet, 19xx unexpected.
const (
	CodeIINLength       Code = "E-1101"
	CodeIINDigits       Code = "E-1102"
	CodeIINCheck        Code = "E-1103"
	CodeIINUnknown      Code = "E-1104"
	CodeIINDate         Code = "E-1105"
	CodeName            Code = "E-1106"
	CodeNameLetters     Code = "E-1107"
	CodeEmail           Code = "E-1108"
	CodeRegion          Code = "E-1109"
	CodeLocality        Code = "E-1110"
	CodeConsent         Code = "E-1111"
	CodeNumberLength    Code = "E-1112"
	CodeNumberCheck     Code = "E-1113"
	CodeNumberUnknown   Code = "E-1114"
	CodePasswordRules   Code = "E-1115"
	CodePasswordDiffers Code = "E-1116"
	CodeCentreAddress   Code = "E-1117"
	CodeEnrolFields     Code = "E-1118"
	CodeNoApplication   Code = "E-1119"
	CodeSet             Code = "E-1120"

	CodePIN              Code = "E-1201"
	CodePINLow           Code = "E-1202"
	CodePINFinal         Code = "E-1203"
	CodePINLocked        Code = "E-1204"
	CodePINShort         Code = "E-1205"
	CodePINLong          Code = "E-1206"
	CodePINLast          Code = "E-1207"
	CodeTokenAbsent      Code = "E-1208"
	CodeTokenPulled      Code = "E-1209"
	CodeTokenPulledLater Code = "E-1210"
	CodeTokenBlank       Code = "E-1211"
	CodeTokenFull        Code = "E-1212"
	CodeTokenKind        Code = "E-1213"
	CodeTokenSlow        Code = "E-1214"
	CodeTokenFailed      Code = "E-1215"
	CodeTokenUnable      Code = "E-1216"
	CodeTokenUnsafe      Code = "E-1217"
	CodeTokenOther       Code = "E-1218"
	CodeTokenKeysGone    Code = "E-1219"
	CodeTokenReadBack    Code = "E-1220"
	CodePINSame          Code = "E-1221"
	CodePINDiffers       Code = "E-1222"
	CodePINRejected      Code = "E-1223"
	CodeTokenPulledWrite Code = "E-1224"
	CodeTokenReadOnly    Code = "E-1225"
	CodeTokenRefused     Code = "E-1226"
	CodePINExpired       Code = "E-1227"
	CodeTokenCrowded     Code = "E-1228"

	CodeStickAbsent    Code = "E-1301"
	CodeStickFull      Code = "E-1302"
	CodeStickReadOnly  Code = "E-1303"
	CodeStickDamaged   Code = "E-1304"
	CodeStickNoKeys    Code = "E-1305"
	CodeStickOther     Code = "E-1306"
	CodeStickOpen      Code = "E-1307"
	CodeStickPulled    Code = "E-1308"
	CodeStickRefused   Code = "E-1309"
	CodeStickForbidden Code = "E-1310"

	CodeFilePassword      Code = "E-1311"
	CodeFilePasswordEmpty Code = "E-1312"
	CodeFileCyrillic      Code = "E-1313"
	CodeFileOutside       Code = "E-1314"
	CodeFileDamaged       Code = "E-1315"
	CodeFileUnsupported   Code = "E-1316"
	CodeFileEmpty         Code = "E-1317"
	CodeFileGone          Code = "E-1318"
	CodeFileUnreadable    Code = "E-1319"
	CodeFileLink          Code = "E-1320"
	CodeFileSpecial       Code = "E-1321"
	CodeFileTooLarge      Code = "E-1322"
	CodeNotKeyFile        Code = "E-1323"
	CodePasswordSame      Code = "E-1324"
	CodeChangeFull        Code = "E-1325"
	CodeChangeReadOnly    Code = "E-1326"
	CodeChangePulled      Code = "E-1327"
	CodeChangeDamaged     Code = "E-1328"
	CodeChangeRefused     Code = "E-1329"
	CodeChangeUnsettled   Code = "E-1330"
	CodeChangeMeanwhile   Code = "E-1331"
	CodeStickUnread       Code = "E-1332"

	CodeLineDown      Code = "E-1401"
	CodeLineSlow      Code = "E-1402"
	CodeGarbage       Code = "E-1403"
	CodeCentreExpired Code = "E-1404"
	CodeCentreForeign Code = "E-1405"
	CodeRateLimited   Code = "E-1406"
	CodeCentreFailed  Code = "E-1407"
	CodeDevice        Code = "E-1408"
	CodeSecret        Code = "E-1409"
	CodeSecretSpent   Code = "E-1410"
	CodeNotYet        Code = "E-1411"
	CodeCentreReal    Code = "E-1412"

	CodeDiskFull        Code = "E-1501"
	CodeDatabaseDamaged Code = "E-1502"
	CodeDatabase        Code = "E-1503"
	CodeClock           Code = "E-1504"
	CodeNumberTaken     Code = "E-1505"
	CodeQueueFull       Code = "E-1506"
	CodeNumbersSpent    Code = "E-1507"
	CodeFolderOther     Code = "E-1508"

	CodeNotOperator      Code = "E-1601"
	CodeStaffLine        Code = "E-1602"
	CodeDecided          Code = "E-1603"
	CodeOwn              Code = "E-1604"
	CodeLocked           Code = "E-1605"
	CodeExpired          Code = "E-1606"
	CodeChanged          Code = "E-1607"
	CodeStaffSessionOver Code = "E-1608"
	CodeDocument         Code = "E-1609"
	CodeReason           Code = "E-1610"
	CodeStaffCertificate Code = "E-1611"
	CodeStaffTokenPulled Code = "E-1612"
	CodeStaffConflict    Code = "E-1613"

	CodeStaffQuery        Code = "E-1614"
	CodePersonUnknown     Code = "E-1615"
	CodeOwnRevoke         Code = "E-1616"
	CodeNothingToRevoke   Code = "E-1617"
	CodeRevokeChoice      Code = "E-1618"
	CodeAdminPIN          Code = "E-1619"
	CodeAdminPINLocked    Code = "E-1620"
	CodeAdminPINLength    Code = "E-1621"
	CodeAdminPINLast      Code = "E-1622"
	CodeStaffNoPrinter    Code = "E-1623"
	CodeStaffNotPrinted   Code = "E-1624"
	CodeStaffMaybePrinted Code = "E-1625"

	CodeCabinetOver     Code = "E-1701"
	CodeNotSignInKey    Code = "E-1702"
	CodeNotSigningKey   Code = "E-1703"
	CodeKeyExpired      Code = "E-1704"
	CodeKeyNotYet       Code = "E-1705"
	CodeKeyRevoked      Code = "E-1706"
	CodeKeyForeign      Code = "E-1707"
	CodeKeyUnchecked    Code = "E-1708"
	CodeOtherPerson     Code = "E-1709"
	CodeAlreadyFiled    Code = "E-1710"
	CodeAlreadyReissued Code = "E-1711"
	CodeAlreadyRevoked  Code = "E-1712"
	CodeNotOffered      Code = "E-1713"
	CodeNoSystem        Code = "E-1714"
	CodeCodeWrong       Code = "E-1715"
	CodeCodeExpired     Code = "E-1716"
	CodeCodeLocked      Code = "E-1717"
	CodeCodeLimit       Code = "E-1718"
	CodeCodeRequired    Code = "E-1719"
	CodeSignature       Code = "E-1720"
	CodeSignatureTime   Code = "E-1721"
	CodeSignatureStale  Code = "E-1722"
	CodeNeedsLine       Code = "E-1723"
	CodeNoKeys          Code = "E-1724"
	CodeKeyBare         Code = "E-1725"
	CodeKeyOld          Code = "E-1726"
	CodeKeyUnusable     Code = "E-1727"

	CodeCardFull       Code = "E-1731"
	CodeTokenNoGOST    Code = "E-1732"
	CodeFilesOnly      Code = "E-1733"
	CodeCodeLine       Code = "E-1734"
	CodeGrantOver      Code = "E-1735"
	CodeCodeExempt     Code = "E-1736"
	CodeCodeDigits     Code = "E-1737"
	CodeWebStorage     Code = "E-1738"
	CodeNoneChosen     Code = "E-1750"
	CodeTooManyChosen  Code = "E-1751"
	CodeRevokeReason   Code = "E-1752"
	CodeRevokeAsked    Code = "E-1753"
	CodePrinterAbsent  Code = "E-1754"
	CodeNotPrinted     Code = "E-1755"
	CodeMaybePrinted   Code = "E-1756"
	CodeNoticesNoEmail Code = "E-1757"
	CodeReportStick    Code = "E-1758"
	CodeRevokeConsent  Code = "E-1759"
	CodeNotRevoked     Code = "E-1760"
	CodePINUnchanged   Code = "E-1770"
	CodePINUnsettled   Code = "E-1771"
	CodeLookups        Code = "E-1772"
	CodeTakeUnproven   Code = "E-1773"
	CodeTakeOldStick   Code = "E-1774"
	CodeTakeOther      Code = "E-1775"
	CodeLetters        Code = "E-1780"

	CodeInternal Code = "E-1900"
)

// codes is the list as data: the catalogue of words is checked against it.
var codes = []Code{
	CodeIINLength, CodeIINDigits, CodeIINCheck, CodeIINUnknown, CodeIINDate, CodeName, CodeNameLetters, CodeEmail, CodeRegion, CodeLocality,
	CodeConsent, CodeNumberLength, CodeNumberCheck, CodeNumberUnknown, CodePasswordRules, CodePasswordDiffers, CodeCentreAddress,
	CodeEnrolFields, CodeNoApplication, CodeSet,
	CodePIN, CodePINLow, CodePINFinal, CodePINLocked, CodePINShort, CodePINLong, CodePINLast, CodeTokenAbsent, CodeTokenPulled,
	CodeTokenPulledLater, CodeTokenBlank, CodeTokenFull, CodeTokenKind, CodeTokenSlow, CodeTokenFailed, CodeTokenUnable, CodeTokenUnsafe,
	CodeTokenOther, CodeTokenKeysGone, CodeTokenReadBack, CodePINSame, CodePINDiffers, CodePINRejected, CodeTokenPulledWrite,
	CodeTokenReadOnly, CodeTokenRefused, CodePINExpired, CodeTokenCrowded,
	CodeStickAbsent, CodeStickFull, CodeStickReadOnly, CodeStickDamaged, CodeStickNoKeys, CodeStickOther, CodeStickOpen, CodeStickPulled,
	CodeStickRefused, CodeStickForbidden, CodeFilePassword, CodeFilePasswordEmpty, CodeFileCyrillic, CodeFileOutside, CodeFileDamaged,
	CodeFileUnsupported, CodeFileEmpty, CodeFileGone, CodeFileUnreadable, CodeFileLink, CodeFileSpecial, CodeFileTooLarge, CodeNotKeyFile,
	CodePasswordSame, CodeChangeFull, CodeChangeReadOnly, CodeChangePulled, CodeChangeDamaged, CodeChangeRefused, CodeChangeUnsettled,
	CodeChangeMeanwhile, CodeStickUnread,
	CodeLineDown, CodeLineSlow, CodeGarbage, CodeCentreExpired, CodeCentreForeign, CodeRateLimited, CodeCentreFailed, CodeDevice, CodeSecret,
	CodeSecretSpent, CodeNotYet, CodeCentreReal,
	CodeDiskFull, CodeDatabaseDamaged, CodeDatabase, CodeClock, CodeNumberTaken, CodeQueueFull, CodeNumbersSpent, CodeFolderOther,
	CodeNotOperator, CodeStaffLine, CodeDecided, CodeOwn, CodeLocked, CodeExpired, CodeChanged, CodeStaffSessionOver, CodeDocument,
	CodeReason, CodeStaffCertificate, CodeStaffTokenPulled, CodeStaffConflict, CodeStaffQuery, CodePersonUnknown, CodeOwnRevoke,
	CodeNothingToRevoke, CodeRevokeChoice, CodeAdminPIN, CodeAdminPINLocked, CodeAdminPINLength, CodeAdminPINLast, CodeStaffNoPrinter,
	CodeStaffNotPrinted, CodeStaffMaybePrinted,
	CodeCabinetOver, CodeNotSignInKey, CodeNotSigningKey, CodeKeyExpired, CodeKeyNotYet, CodeKeyRevoked, CodeKeyForeign, CodeKeyUnchecked,
	CodeOtherPerson, CodeAlreadyFiled, CodeAlreadyReissued, CodeAlreadyRevoked, CodeNotOffered, CodeNoSystem, CodeCodeWrong, CodeCodeExpired,
	CodeCodeLocked, CodeCodeLimit, CodeCodeRequired, CodeSignature, CodeSignatureTime, CodeSignatureStale, CodeNeedsLine, CodeNoKeys,
	CodeKeyBare, CodeKeyOld, CodeKeyUnusable, CodeCardFull, CodeTokenNoGOST, CodeFilesOnly, CodeCodeLine, CodeGrantOver, CodeCodeExempt,
	CodeCodeDigits, CodeWebStorage, CodeNoneChosen, CodeTooManyChosen, CodeRevokeReason, CodeRevokeAsked, CodePrinterAbsent, CodeNotPrinted,
	CodeMaybePrinted, CodeNoticesNoEmail, CodeReportStick, CodeRevokeConsent, CodeNotRevoked, CodePINUnchanged, CodePINUnsettled, CodeLookups,
	CodeTakeUnproven, CodeTakeOldStick, CodeTakeOther, CodeLetters,
	CodeInternal,
}

// fault is something that went wrong for a person: a number, what the sentence needs, and the cause for the log.
type fault struct {
	code   Code
	params []any // pairs of name and value
	err    error // never shown; holds nothing personal
}

// severity: a question or a piece of news is no error.
func (f *fault) severity() string {
	switch f.code {
	case CodeAdminPINLast, CodeIINDate, CodePINLast, CodeNotYet, CodeFileCyrillic, CodeFileOutside:
		return "warn"
	case CodeStaffTokenPulled, CodeCodeExempt:
		return "info"
	}
	return "error"
}

func (f *fault) cause() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

// words is the fault in the chosen language.
func (f *fault) words(k *Kiosk) *Notice {
	key := "error." + string(f.code)
	return &Notice{
		Code: f.code, Severity: f.severity(),
		Title: k.text(key+".title", f.params...), Text: k.text(key+".text", f.params...), Hint: k.text(key+".hint", f.params...),
	}
}

// sentence finds the number for an error; the first that fits wins.
type sentence struct {
	err  error
	code Code
}

var sentences = []sentence{
	{token.ErrRemoved, CodeTokenAbsent}, {token.ErrUnknownInsertion, CodeTokenAbsent}, {token.ErrSessionClosed, CodeTokenAbsent},
	{token.ErrPINIncorrect, CodePIN}, {token.ErrPINLocked, CodePINLocked}, {token.ErrPINRejected, CodePINRejected},
	{token.ErrPINExpired, CodePINExpired},
	{token.ErrAdminPIN, CodeAdminPIN}, {token.ErrAdminPINLocked, CodeAdminPINLocked}, {token.ErrAdminPINLength, CodeAdminPINLength},
	{token.ErrFull, CodeTokenFull}, {token.ErrNotInitialized, CodeTokenBlank}, {token.ErrReadOnly, CodeTokenReadOnly},
	{token.ErrNoMechanism, CodeTokenUnable}, {token.ErrNotFound, CodeTokenKeysGone}, {token.ErrKeyMismatch, CodeTokenReadBack},
	{token.ErrSignature, CodeTokenFailed}, {token.ErrTimeout, CodeTokenSlow}, {token.ErrWorker, CodeTokenFailed},
	{token.ErrToken, CodeTokenRefused}, {token.ErrExists, CodeTokenRefused}, {token.ErrClosed, CodeTokenFailed},

	{stick.ErrAbsent, CodeStickAbsent}, {stick.ErrFull, CodeStickFull}, {stick.ErrReadOnly, CodeStickReadOnly},
	{stick.ErrDamaged, CodeStickDamaged}, {stick.ErrNotFound, CodeStickNoKeys}, {stick.ErrExists, CodeStickRefused},
	{stick.ErrTooMany, CodeStickRefused}, {stick.ErrTooLarge, CodeStickOpen}, {stick.ErrNotPlain, CodeStickOpen},
	{keyfile.ErrSealNumber, CodeStickOther}, {keyfile.ErrSealKey, CodeStickOther}, {keyfile.ErrSealDamaged, CodeStickOpen},
	{keyfile.ErrSealVersion, CodeStickOpen},

	{ErrDiskFull, CodeDiskFull}, {ErrConflict, CodeNumberTaken}, {ErrBusy, CodeDatabase}, {ErrDatabase, CodeDatabase},
	{ErrQueueFull, CodeQueueFull}, {ErrNumbersSpent, CodeNumbersSpent},
	{ErrTooManyLetters, CodeLetters},

	{ErrUnknown, CodeNumberUnknown}, {ErrLineDown, CodeLineDown}, {ErrLineSlow, CodeLineSlow}, {ErrGarbage, CodeGarbage},
	{ErrCentreExpired, CodeCentreExpired}, {ErrCentreForeign, CodeCentreForeign}, {ErrCentreReal, CodeCentreReal}, {ErrRateLimited, CodeRateLimited},
	{ErrRefusedDevice, CodeDevice}, {ErrCentreFailed, CodeCentreFailed}, {ErrNotOperator, CodeNotOperator}, {ErrDecided, CodeDecided},
	{ErrOwn, CodeOwn}, {ErrLockedByOther, CodeLocked}, {ErrExpired, CodeExpired}, {ErrOtherBytes, CodeChanged},
	{ErrSecret, CodeSecret}, {ErrSecretSpent, CodeSecretSpent}, {ErrSessionOver, CodeStaffSessionOver}, {ErrCentreConflict, CodeStaffConflict},
	{ErrCabinetOver, CodeCabinetOver}, {ErrChallengeOver, CodeSignature}, {ErrBadSignature, CodeSignature}, {ErrSignatureTime, CodeSignatureTime},
	{ErrSignatureStale, CodeSignatureStale}, {ErrNotSignInKey, CodeNotSignInKey}, {ErrNotSigningKey, CodeNotSigningKey},
	{ErrKeyExpired, CodeKeyExpired}, {ErrKeyNotYet, CodeKeyNotYet}, {ErrKeyRevoked, CodeKeyRevoked}, {ErrKeyForeign, CodeKeyForeign},
	{ErrKeyUnchecked, CodeKeyUnchecked}, {ErrOtherPerson, CodeOtherPerson}, {ErrAlreadyFiled, CodeAlreadyFiled},
	{ErrAlreadyReissued, CodeAlreadyReissued}, {ErrAlreadyRevoked, CodeAlreadyRevoked}, {ErrNotOffered, CodeNotOffered}, {ErrNoSystem, CodeNoSystem},
	{ErrCodeWrong, CodeCodeWrong}, {ErrCodeExpired, CodeCodeExpired}, {ErrCodeLocked, CodeCodeLocked}, {ErrCodeLimit, CodeCodeLimit},
	{ErrCodeRequired, CodeCodeRequired},

	{ErrPrinterAbsent, CodePrinterAbsent}, {ErrNotPrinted, CodeNotPrinted}, {ErrMaybePrinted, CodeMaybePrinted},

	{context.DeadlineExceeded, CodeLineSlow},
}

// faultOf turns an error of the rooms below into a fault; what is unknown is internal.
func faultOf(err error) *fault {
	var f *faultError
	if errors.As(err, &f) {
		return f.fault
	}
	for _, s := range sentences {
		if errors.Is(err, s.err) {
			return &fault{code: s.code, params: refused(err), err: err}
		}
	}
	return &fault{code: CodeInternal, err: err}
}

// refused is what a refusal of the centre says besides its word, for the sentence: tries that are left, minutes to wait
// (a begun one is a whole one).
func refused(err error) []any {
	var r *Refusal
	if !errors.As(err, &r) {
		return nil
	}
	minutes := int((r.Wait + time.Minute - 1) / time.Minute)
	return []any{"Left", max(r.Left, 0), "Minutes", max(minutes, 1)}
}

// faultError carries a fault through code that returns errors.
type faultError struct{ fault *fault }

func (e *faultError) Error() string { return string(e.fault.code) + ": " + e.fault.cause() }

// Unwrap gives the cause.
func (e *faultError) Unwrap() error { return e.fault.err }

// is makes an error of a number and its cause.
func is(code Code, err error) error { return &faultError{&fault{code: code, err: err}} }
