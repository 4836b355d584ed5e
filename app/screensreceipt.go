package app

// The data of the screens of a receipt, as the page reads it.

// ReceiptTakeScreen is the data of "receipt.take". Printer: it can be printed, or printed again. Finish: nothing else is to be done
// on the screen below.
type ReceiptTakeScreen struct {
	Phase   string `json:"phase" ts:"'printing' | 'printed' | 'failed' | 'doubtful' | 'mailed'"`
	Number  string `json:"number"`
	QR      QR     `json:"qr"`
	Text    string `json:"text"`
	Printer bool   `json:"printer"`
	Finish  bool   `json:"finish"`
}

// ReceiptEmailScreen is the data of "receipt.email".
type ReceiptEmailScreen struct {
	Number string `json:"number"`
	Email  string `json:"email"`
}
