package app

import (
	"slices"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/hardware/usb"
)

// USB is what is plugged into the machine, told by the machine itself: sooner than a token can be used, and also where it cannot be.
type USB interface {
	Devices() []usb.Seen
	Watch() (changed <-chan struct{}, stop func())
}

// newsFor is how long the screen says that something was plugged in or pulled out.
const newsFor = 8 * time.Second

// PlugNews is the latest thing that was plugged in or pulled out, for some seconds. It asks for nothing and stands beside whatever is shown.
type PlugNews struct {
	Event  string `json:"event" ts:"'found' | 'removed' | 'missing'"` // missing: found, but something must be installed first
	Device string `json:"device"`                                     // kind of token, or "reader"
	Title  string `json:"title"`
	Text   string `json:"text"`
}

// DeviceCard is a plugged device as staff and technicians see it.
type DeviceCard struct {
	Kind    string `json:"kind"` // empty: nobody knows it
	Name    string `json:"name"`
	Numbers string `json:"numbers"` // vendor and product, "0529:0620"
	Serial  string `json:"serial"`
	Port    string `json:"port"` // where it is plugged in, "1-2"
	Text    string `json:"text"` // what must be installed, or that nobody knows it; empty when all is well
}

// plugs is what the kiosk knows of USB. The kiosk's lock guards it.
type plugs struct {
	read    bool // what was plugged at the start is no news
	devices []usb.Seen
	event   string // of the latest news
	about   usb.Seen
	until   time.Time
}

// watchUSB gives the changes of USB; none ever where there is no USB.
func (k *Kiosk) watchUSB() (<-chan struct{}, func()) {
	if k.cfg.USB == nil {
		return nil, func() {}
	}
	return k.cfg.USB.Watch()
}

// lookAtUSB takes over what is plugged and remembers what is new of it.
func (k *Kiosk) lookAtUSB() {
	now := k.cfg.USB.Devices()
	k.mu.Lock()
	defer k.mu.Unlock()
	before := k.plugs.devices
	k.plugs.devices = now
	if k.plugs.read {
		k.compare(before, now)
	}
	k.plugs.read = true
	k.publish()
}

// compare finds the news: what has come is worth more than what has gone. A device that said its name only after it came is news then.
func (k *Kiosk) compare(before, now []usb.Seen) {
	in := func(list []usb.Seen, s usb.Seen) bool {
		return slices.ContainsFunc(list, func(o usb.Seen) bool { return o.Place == s.Place && o.VIDPID == s.VIDPID && o.Kind == s.Kind })
	}
	for _, s := range before {
		if told(s) && !in(now, s) {
			k.plugs.event, k.plugs.about, k.plugs.until = "removed", s, k.cfg.Now().Add(newsFor)
		}
	}
	for _, s := range now {
		if told(s) && !in(before, s) {
			k.plugs.event, k.plugs.about, k.plugs.until = "found", s, k.cfg.Now().Add(newsFor)
		}
	}
}

// told says whether everybody is told of a device: of tokens and readers. Others are for staff alone.
func told(s usb.Seen) bool { return s.Kind != "" && s.Kind != usb.KindPrinter }

// news is the latest news in the chosen language, while it is new. Under the lock.
func (k *Kiosk) news() *PlugNews {
	p := k.plugs
	if p.event == "" || !k.cfg.Now().Before(p.until) {
		return nil
	}
	n := &PlugNews{Event: p.event, Device: p.about.Kind}
	name := k.plugName(p.about)
	switch {
	case p.event == "removed":
		n.Title = k.text("usb.removed.title", "Name", name)
	case k.lacks(p.about):
		n.Event = "missing"
		n.Title = k.text("usb.found.title", "Name", name)
		n.Text = k.text("usb.missing.text", "Install", strings.Join(p.about.Install, ", "))
	default:
		n.Title = k.text("usb.found.title", "Name", name)
	}
	return n
}

// lacks says whether a device cannot be used for want of a program. One whose kind a module shows has what it needs, whatever the table says.
func (k *Kiosk) lacks(s usb.Seen) bool {
	return s.MiddlewareMissing && !slices.ContainsFunc(k.tokens, func(t Token) bool { return string(t.Kind) == s.Kind })
}

// plugName is what people call a device.
func (k *Kiosk) plugName(s usb.Seen) string {
	if s.Kind == usb.KindReader {
		return k.text("usb.reader")
	}
	return k.mediumName(ref{kind: s.Kind})
}

// deviceCards are all plugged devices, for staff and technicians; nobody else sees any. Under the lock.
func (k *Kiosk) deviceCards() []DeviceCard {
	out := []DeviceCard{}
	if k.ses == nil || k.ses.role != RoleStaff && k.ses.role != RoleTechnician {
		return out
	}
	for _, s := range k.plugs.devices {
		port, _, _ := strings.Cut(s.Place, "/")
		c := DeviceCard{Kind: s.Kind, Name: s.Name, Numbers: s.VIDPID, Serial: s.Serial, Port: port}
		switch {
		case s.Kind == "":
			c.Text = k.text("usb.unknown.text")
		case k.lacks(s):
			c.Text = k.text("usb.install.text", "Install", strings.Join(s.Install, ", "))
		}
		out = append(out, c)
	}
	return out
}
