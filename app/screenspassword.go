package app

// The data of the screens about PINs and about what another terminal began, as the page reads it.

// PasswordMediumScreen is the data of "password.medium".
type PasswordMediumScreen struct {
	Tokens []TokenCard `json:"tokens"`
	Stick  StickCard   `json:"stick"`
}

// PasswordPINScreen is the data of "password.pin". Factory is the hint about the maker's PIN.
type PasswordPINScreen struct {
	Token   PINScreen `json:"token"`
	Factory string    `json:"factory"`
}

// PasswordDoneScreen is the data of "password.done".
type PasswordDoneScreen struct {
	Medium  Medium `json:"medium"`
	TakeOut bool   `json:"takeOut"`
	Cabinet bool   `json:"cabinet"` // "again" leads back to the account
}

// InstallTakeScreen is the data of "install.take".
type InstallTakeScreen struct {
	Number string      `json:"number"`
	Tokens []TokenCard `json:"tokens"`
	Stick  StickCard   `json:"stick"`
}
