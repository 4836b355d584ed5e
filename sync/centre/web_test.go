package centre_test

import (
	"crypto"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/registry"
)

// onWeb files an application as the web does.
func onWeb(t *testing.T, c *centretest.Centre, iin string) string {
	t.Helper()
	data, err := json.Marshal(centre.WebRequest{IIN: iin, Surname: "Әбдіқалықова", Given: "Айгерім", Email: "a@example.kz", Region: "almaty", Locality: "medeu", Storage: "stick", Set: "gost"})
	if err != nil {
		t.Fatal(err)
	}
	number, err := c.FileFromWeb(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// confirmation is the application by which a citizen confirms what he filed on the web; its key is made here.
func confirmation(z *centretest.Citizen, d *centretest.Device, number string, key crypto.Signer, change func(*registry.Application)) centretest.Paper {
	return z.Paper(d, 1, registry.KindNew, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{key}, func(a *registry.Application) {
		a.Number = number
		if change != nil {
			change(a)
		}
	})
}

func TestWeb_IsConfirmedAtAKioskAndItsKeysAreMadeThere(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		bolat := d.Citizen(centretest.Person(centretest.IINBolat), 2, centretest.Key(2), centretest.Key(3))
		number := onWeb(t, c, z.IIN)
		session := z.Session(d)
		waiting := api.StatusWaiting
		items := own(t, d, session, api.ListOwnApplicationsParams{Status: &waiting})
		if len(items) != 1 || items[0].Number != number || items[0].Origin != api.OwnItemOriginWeb || items[0].Confirmable == nil || !*items[0].Confirmable || items[0].ExpiresAt == nil {
			t.Fatalf("waiting: %+v", items)
		}
		shown, err := d.API.GetOwnApplicationWithResponse(t.Context(), number, &api.GetOwnApplicationParams{XCitizenSession: session})
		if err != nil || shown.JSON200 == nil || shown.JSON200.Request == nil || shown.JSON200.Request.Set != "gost" || shown.JSON200.Document != nil {
			t.Fatalf("shown: %v %s", err, shown.Body)
		}
		if word, err := d.API.GetApplicationWithResponse(t.Context(), number); err != nil || word.JSON200 == nil || word.JSON200.Status != api.StatusWaiting {
			t.Errorf("by the number alone: %v %s", err, word.Body)
		}
		theirs, err := d.API.GetOwnApplicationWithResponse(t.Context(), number, &api.GetOwnApplicationParams{XCitizenSession: bolat.Session(d)})
		if err != nil || code(theirs.Body) != api.ErrorCodeNotFound {
			t.Errorf("another person sees %s", theirs.Body)
		}
		p := confirmation(z, d, number, centretest.GOSTKey(0), nil)
		if _, no := put(t, d, number, api.Filing{Document: p.Document}); no != api.ErrorCodeUnsigned {
			t.Errorf("confirmed by nobody: %q", no)
		}
		if answer := bolat.File(d, confirmation(bolat, d, number, centretest.GOSTKey(0), nil), 1); code(answer.Body) != api.ErrorCodeOtherPerson {
			t.Errorf("confirmed by another: %s", answer.Body)
		}
		token := registry.Storage{Kind: registry.StorageKaztoken}
		if answer := z.File(d, confirmation(z, d, number, centretest.GOSTKey(0), func(a *registry.Application) { a.Storage = token }), 1); answer.JSON200 != nil {
			t.Error("another storage than was asked for on the web was confirmed")
		}
		if answer := z.File(d, p, 1); answer.JSON200 == nil || answer.JSON200.Status != api.StatusConfirmed {
			t.Fatalf("confirming: %s", answer.Body)
		}
		if answer := z.File(other, confirmation(z, other, number, centretest.GOSTKey(1), nil), 1); code(answer.Body) != api.ErrorCodeAlreadyFiled {
			t.Errorf("confirmed at a second kiosk: %s", answer.Body)
		}
		cert := d.Fetch(p)[0]
		if got := listed(t, d, session, cert); got.How != api.OwnCertificateHowWeb || got.Family != api.FamilyGost || got.Storage != "stick" || got.Number != number || got.Status != api.StandingGood {
			t.Errorf("in the list: %+v", got)
		}
		if items := own(t, d, session, api.ListOwnApplicationsParams{}); len(items) != 2 || items[0].Number != number || items[0].Confirmable != nil || items[0].Origin != api.OwnItemOriginWeb {
			t.Errorf("afterwards: %+v", items)
		}
	})
}

func TestWeb_ExpiresUnconfirmed(t *testing.T) {
	k := &clock{}
	c := centretest.StartWith(t, centretest.Options{Now: k.now})
	d := c.Enrol("hall")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	number := onWeb(t, c, z.IIN)
	k.forward(31 * 24 * time.Hour)
	if items := own(t, d, z.Session(d), api.ListOwnApplicationsParams{}); len(items) != 2 || items[0].Status != api.StatusExpired && items[1].Status != api.StatusExpired {
		t.Errorf("after a month: %+v", items)
	}
	late := k.now().UTC().Truncate(time.Second)
	p := confirmation(z, d, number, centretest.GOSTKey(0), func(a *registry.Application) { a.CreatedAt = late })
	if answer := d.FileSigned(p, z.Sign(1, p.Document, late)); code(answer.Body) != api.ErrorCodeExpired {
		t.Errorf("confirming: %s", answer.Body)
	}
}

func TestFileFromWeb_RefusesWhatNoKioskCouldMake(t *testing.T) {
	c := centretest.Start(t)
	good := `{"iin":"` + centretest.IINAigerim + `","surname":"Ә","region":"almaty","locality":"medeu","storage":"stick","set":"rsa"}`
	if _, err := c.FileFromWeb(t.Context(), []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{"IIN": {"900101400013", "900101400014"}, "place": {"medeu", "nowhere"}, "storage": {"stick", "cloud"}, "set": {`"rsa"`, `"gold"`},
		"nobody": {`"surname":"Ә",`, ""}, "no JSON": {"{", ""}} {
		if _, err := c.FileFromWeb(t.Context(), []byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
