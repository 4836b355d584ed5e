package app

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tirkeu/kiosk/hardware/usb"
)

// fakeUSB is a machine's USB.
type fakeUSB struct {
	mu      sync.Mutex
	devices []usb.Seen
	changed chan struct{}
}

func (f *fakeUSB) Devices() []usb.Seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.devices)
}

func (f *fakeUSB) Watch() (<-chan struct{}, func()) { return f.changed, func() {} }

// are makes these the plugged devices and tells the kiosk.
func (f *fakeUSB) are(list ...usb.Seen) {
	f.mu.Lock()
	f.devices = list
	f.mu.Unlock()
	f.changed <- struct{}{}
}

var (
	plainToken  = usb.Seen{Place: "1-2/5", Kind: "etoken", Name: "eToken 5110+ FIPS", VIDPID: "08e6:34cf", Serial: "X1"}
	barrenToken = usb.Seen{Place: "1-3/6", Kind: "kaztoken", Name: "Rutoken ECP", VIDPID: "0a89:0030", MiddlewareMissing: true, Install: []string{"librtpkcs11ecp"}}
	deskReader  = usb.Seen{Place: "1-1/2", Kind: usb.KindReader, Name: "ACS ACR39U", VIDPID: "072f:b100"}
	lamp        = usb.Seen{Place: "1-4/7", Name: "Lamp", VIDPID: "1234:0003"}
)

// plugged is what a snapshot says of USB.
type plugged struct {
	Plug    *PlugNews    `json:"plug"`
	Devices []DeviceCard `json:"devices"`
}

func usbStand(t *testing.T, first ...usb.Seen) (*stand, *fakeUSB) {
	t.Helper()
	f := &fakeUSB{changed: make(chan struct{}, 1)}
	s := newStand(t, func(c *Config) { c.USB = f })
	f.are(first...)
	s.until("the first look", func(picture) bool {
		s.k.mu.Lock()
		defer s.k.mu.Unlock()
		return s.k.plugs.read
	})
	return s, f
}

func (s *stand) plugs() plugged {
	s.t.Helper()
	var p plugged
	if err := json.Unmarshal(s.k.State(), &p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *stand) untilNews(title string) plugged {
	s.t.Helper()
	s.until("news "+title, func(picture) bool { p := s.plugs(); return p.Plug != nil && p.Plug.Title == title })
	return s.plugs()
}

func TestUSB_SaysWhatWasPluggedAndPulledForSomeSecondsInTheChosenLanguage(t *testing.T) {
	s, f := usbStand(t, deskReader)
	if p := s.plugs(); p.Plug != nil || p.Devices == nil || len(p.Devices) != 0 {
		t.Fatalf("what was there before is no news: %+v", p)
	}
	f.are(deskReader, plainToken)
	if p := s.untilNews("Қосылды: eToken"); p.Plug.Event != "found" || p.Plug.Device != "etoken" || p.Plug.Text != "" {
		t.Errorf("%+v", p.Plug)
	}
	s.do("language", args{"lang": "en"})
	s.untilNews("eToken found")
	s.pass(newsFor)
	if p := s.plugs(); p.Plug != nil {
		t.Errorf("still news: %+v", p.Plug)
	}
	f.are(deskReader)
	if p := s.untilNews("eToken removed"); p.Plug.Event != "removed" {
		t.Errorf("%+v", p.Plug)
	}
	// Another of its kind in another port; what has come is told, not what has gone.
	f.are(plainToken, deskReader)
	again := plainToken
	again.Place = "1-9/9"
	s.untilNews("eToken found")
	s.pass(newsFor)
	f.are(again, deskReader)
	s.untilNews("eToken found")
	f.are()
	s.untilNews("Card reader removed")
}

func TestUSB_NamesWhatMustBeInstalledUnlessTheTokenWorks(t *testing.T) {
	s, f := usbStand(t)
	s.do("language", args{"lang": "ru"})
	f.are(barrenToken)
	p := s.untilNews("Подключено: Kaztoken")
	if p.Plug.Event != "missing" || !strings.Contains(p.Plug.Text, "librtpkcs11ecp") {
		t.Errorf("%+v", p.Plug)
	}
	s.plug(s.token("kaztoken", "KZ-1")) // a module shows it after all
	if p := s.untilNews("Подключено: Kaztoken"); p.Plug.Event != "found" || p.Plug.Text != "" {
		t.Errorf("%+v", p.Plug)
	}
}

// A citizen is told nothing of what nobody knows; staff see it with its numbers.
func TestUSB_ShowsUnknownDevicesToStaffOnly(t *testing.T) {
	s, f := usbStand(t)
	f.are(lamp, barrenToken)
	s.untilNews("Қосылды: Kaztoken")
	s.shows("menu", "start", args{"lang": "en"})
	if p := s.plugs(); len(p.Devices) != 0 {
		t.Errorf("a citizen sees %+v", p.Devices)
	}
	s.pass(newsFor)
	f.are(barrenToken)
	f.are(barrenToken, lamp)
	staff := s.operatorToken()
	s.plug(staff)
	s.untilScreen("staff.pin")
	if p := s.plugs(); p.Plug != nil {
		t.Errorf("everybody is told of a lamp: %+v", p.Plug)
	}
	s.do("staff.pin", args{"pin": staff.pin})
	s.untilScreen("staff.queue")
	p := s.plugs()
	if len(p.Devices) != 2 || p.Devices[1].Numbers != "1234:0003" || p.Devices[1].Kind != "" || p.Devices[1].Text == "" || !strings.Contains(p.Devices[0].Text, "librtpkcs11ecp") {
		t.Errorf("%+v", p.Devices)
	}
}

func TestUSB_TellsOfADeviceThatNamedItselfLate(t *testing.T) {
	s, f := usbStand(t)
	silent := usb.Seen{Place: "3-1/4", Name: "1234:0001", VIDPID: "1234:0001"}
	f.are(silent)
	named := silent
	named.Kind, named.Name = "akey", "AKey"
	f.are(named)
	s.untilNews("Қосылды: AKey")
}

func TestUSB_StaffSeeOnTheirScreenWhatNobodyKnows(t *testing.T) {
	s, f := usbStand(t)
	f.are(lamp, barrenToken)
	op := s.operatorToken()
	s.plug(op)
	s.untilScreen("staff.pin")
	s.shows("staff.queue", "staff.pin", args{"pin": op.pin})
	var v StaffDevicesScreen
	s.shows("staff.devices", "staff.devices", nil)
	s.until("the devices", func(p picture) bool { p.data(t, &v); return len(v.Devices) == 2 })
	if d := v.Devices[0]; d.Kind != "" || d.Name != "Lamp" || d.Numbers != "1234:0003" || d.Port != "1-4" || d.Text != s.k.text("usb.unknown.text") {
		t.Errorf("%+v", d)
	}
	if d := v.Devices[1]; !strings.Contains(d.Text, "librtpkcs11ecp") {
		t.Errorf("%+v", d)
	}
	f.are()
	s.until("nothing plugged in", func(p picture) bool { p.data(t, &v); return len(v.Devices) == 0 })
	s.shows("staff.people", "staff.people", nil)
}
