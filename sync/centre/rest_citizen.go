package centre

import (
	"context"
	"net/http"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// citizenRoutes binds the calls of a citizen's cabinet, and staff's share of it.
func (c *Centre) citizenRoutes(mux *http.ServeMux) {
	route(c, mux, "POST /api/v1/citizen/sessions", c.restSignIn)
	route(c, mux, "DELETE /api/v1/citizen/sessions", c.restSignOut)
	route(c, mux, "GET /api/v1/citizen/profile", c.restProfile)
	route(c, mux, "PUT /api/v1/citizen/profile", c.restSetProfile)
	route(c, mux, "GET /api/v1/citizen/applications", c.restOwnApplications)
	route(c, mux, "GET /api/v1/citizen/applications/{number}", c.restOwnApplication)
	route(c, mux, "GET /api/v1/citizen/certificates", c.restOwnCertificates)
	route(c, mux, "GET /api/v1/citizen/systems", c.restOwnSystems)
	route(c, mux, "POST /api/v1/citizen/codes", c.restAskCode)
	route(c, mux, "POST /api/v1/citizen/codes/{id}/resend", c.restResendCode)
	route(c, mux, "POST /api/v1/citizen/codes/{id}/verify", c.restVerifyCode)
	route(c, mux, "POST /api/v1/installations", c.restTakeUp)
	route(c, mux, "POST /api/v1/staff/people/search", c.restSearchPeople)
	route(c, mux, "POST /api/v1/staff/people/open", c.restOpenPerson)
	route(c, mux, "POST /api/v1/staff/revocations", c.restOrderRevocation)
	route(c, mux, "GET /api/v1/staff/reports/{day}", c.restDayReport)
}

func (c *Centre) restSignIn(ctx context.Context, who caller, _ *http.Request, in api.SignedChallenge) (api.CitizenSession, error) {
	return c.signIn(ctx, who.device, in.Challenge, in.Signature)
}

func (c *Centre) restSignOut(ctx context.Context, who caller, _ *http.Request, _ none) (none, error) {
	return none{}, c.signOut(ctx, who.device, who.citizen)
}

func (c *Centre) restProfile(ctx context.Context, who caller, _ *http.Request, _ none) (out api.Profile, err error) {
	err = c.view(ctx, who, "profile-shown", func(t *ledger.Tx, s ledger.CitizenSession) error {
		out, err = profileOf(t, s.IIN, s.Serial)
		return err
	})
	return out, err
}

func (c *Centre) restSetProfile(ctx context.Context, who caller, _ *http.Request, in api.ProfileChange) (api.Profile, error) {
	s, err := c.citizen(ctx, who.device, who.citizen)
	if err != nil {
		return api.Profile{}, err
	}
	return c.setProfile(ctx, s, in)
}

func (c *Centre) restOwnApplications(ctx context.Context, who caller, r *http.Request, _ none) (out api.OwnApplications, err error) {
	status, kind := api.Status(r.URL.Query().Get("status")), api.Kind(r.URL.Query().Get("kind"))
	if status != "" && !status.Valid() || kind != "" && !kind.Valid() {
		return out, refuse(api.ErrorCodeBadRequest, "there is no such status or kind")
	}
	err = c.view(ctx, who, "applications-listed", func(t *ledger.Tx, s ledger.CitizenSession) error {
		out.Items, err = c.ownApplications(t, s.IIN, wanted(status), wanted(kind))
		return err
	})
	return out, err
}

// wanted is nil for what a query does not say.
func wanted[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

func (c *Centre) restOwnApplication(ctx context.Context, who caller, r *http.Request, _ none) (out api.OwnApplication, err error) {
	err = c.view(ctx, who, "application-shown", func(t *ledger.Tx, s ledger.CitizenSession) error {
		out, err = c.ownDetail(t, s.IIN, r.PathValue("number"))
		return err
	})
	return out, err
}

func (c *Centre) restOwnCertificates(ctx context.Context, who caller, r *http.Request, _ none) (out api.OwnCertificates, err error) {
	status := api.Standing(r.URL.Query().Get("status"))
	if status != "" && !status.Valid() {
		return out, refuse(api.ErrorCodeBadRequest, "there is no such status")
	}
	err = c.view(ctx, who, "certificates-listed", func(t *ledger.Tx, s ledger.CitizenSession) error {
		out.Items, err = c.ownCertificates(t, s.IIN, wanted(status))
		return err
	})
	return out, err
}

func (c *Centre) restOwnSystems(ctx context.Context, who caller, _ *http.Request, _ none) (api.Systems, error) {
	out := api.Systems{Items: []api.System{}}
	err := c.view(ctx, who, "systems-listed", func(t *ledger.Tx, s ledger.CitizenSession) error {
		rows, err := t.Systems(s.IIN)
		for _, y := range rows {
			out.Items = append(out.Items, api.System{Oid: y.OID, Name: api.Words{Kk: y.KK, Ru: y.RU, En: y.EN}})
		}
		return err
	})
	return out, err
}

func (c *Centre) restAskCode(ctx context.Context, who caller, _ *http.Request, in api.CodeQuery) (api.CodeSent, error) {
	s, err := c.citizen(ctx, who.device, who.citizen)
	if err != nil {
		return api.CodeSent{}, err
	}
	method := ""
	if in.Method != nil {
		method = *in.Method
	}
	return c.askCode(ctx, s, registry.Kind(in.Kind), method)
}

func (c *Centre) restResendCode(ctx context.Context, who caller, r *http.Request, _ none) (api.CodeSent, error) {
	s, err := c.citizen(ctx, who.device, who.citizen)
	if err != nil {
		return api.CodeSent{}, err
	}
	return c.resendCode(ctx, s, r.PathValue("id"))
}

func (c *Centre) restVerifyCode(ctx context.Context, who caller, r *http.Request, in api.CodeTold) (api.CodeVerified, error) {
	s, err := c.citizen(ctx, who.device, who.citizen)
	if err != nil {
		return api.CodeVerified{}, err
	}
	return c.verifyCode(ctx, s, r.PathValue("id"), in.Code)
}

func (c *Centre) restTakeUp(ctx context.Context, who caller, _ *http.Request, in api.TakeUp) (api.TakenUp, error) {
	if err := c.within("status", c.rules.Status, who.device); err != nil {
		return api.TakenUp{}, err
	}
	return c.takeUp(ctx, who, in)
}

func (c *Centre) restSearchPeople(ctx context.Context, who caller, _ *http.Request, in api.PeopleQuery) (api.People, error) {
	items, err := c.searchPeople(ctx, who, in.Query)
	return api.People{Items: items}, err
}

func (c *Centre) restOpenPerson(ctx context.Context, who caller, _ *http.Request, in api.PersonQuery) (api.PersonFile, error) {
	return c.openPerson(ctx, who, in.Iin)
}

func (c *Centre) restOrderRevocation(ctx context.Context, who caller, _ *http.Request, in api.SignedOrder) (api.Ordered, error) {
	serials, err := c.orderRevocation(ctx, who.device, in.Order, in.Signature)
	return api.Ordered{Serials: serials}, err
}

func (c *Centre) restDayReport(ctx context.Context, who caller, r *http.Request, _ none) (api.DayReport, error) {
	return c.dayReport(ctx, who, r.PathValue("day"))
}
