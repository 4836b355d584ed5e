package bus

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// maxFolder is the longest name of a view's folder: behind it stands "/ioctl//dev/bus/usb/001/002" in a socket's address of 107 octets.
const maxFolder = 107 - len("/ioctl//dev/bus/usb/001/002")

// controller is where the virtual buses hang.
const controller = "/sys/devices/pci0000:00/0000:00:14.0"

// View is the bus as one program sees it: a folder that umockdev's preloaded library shows instead of /sys and /dev. The bus's lock guards it.
type View struct {
	dir    string
	events chan []byte   // on their way to the programs
	done   chan struct{} // closed when the view is discarded
}

// Env is what a program's environment needs besides its own to be on the bus. Its children inherit it; a child that watches USB devices too needs
// a view of its own.
func (v *View) Env() []string {
	preload := "libumockdev-preload.so.0"
	if old := os.Getenv("LD_PRELOAD"); old != "" {
		preload += ":" + old
	}
	return []string{"LD_PRELOAD=" + preload, "UMOCKDEV_DIR=" + v.dir}
}

// Watched says whether a program listens to this view's uevents.
func (v *View) Watched() bool { return len(v.listeners()) > 0 }

func (v *View) listeners() []string {
	found, _ := filepath.Glob(filepath.Join(v.dir, "event[0-9]*"))
	return found
}

func (v *View) path(name string) string { return filepath.Join(v.dir, name) }

func (v *View) write(name, content string) error {
	path := v.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

// link makes name a link to another file of the view, both given as they look from inside; sysfs has relative links only.
func (v *View) link(name, target string) error {
	relative, err := filepath.Rel(filepath.Dir(name), target)
	if err != nil {
		return err
	}
	return v.linkTo(name, relative)
}

func (v *View) linkTo(name, text string) error {
	path := v.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(text, path)
}

// appear makes the socket of a device's node, the node, and then what leads to it: a program may come upon it by an older event.
func (v *View) appear(p *plugged) (*net.UnixListener, error) {
	node := p.node()
	socket := v.path("/ioctl" + node)
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("socket of %s: %w", node, err)
	}
	if err := v.lead(p); err != nil {
		_ = listener.Close()
		return nil, err
	}
	return listener, nil
}

// lead makes the node and the device's place in sysfs.
func (v *View) lead(p *plugged) error {
	if err := v.linkTo(p.nodeNumber(), p.number()); err != nil {
		return err
	}
	if err := v.write(p.node(), string(p.device.descriptors())); err != nil {
		return err
	}
	files := map[string]string{
		p.sys() + "/descriptors": string(p.device.descriptors()),
		p.sys() + "/uevent":      strings.Join(p.properties(), "\n") + "\n",
		p.face() + "/uevent":     strings.Join(p.faceProperties(), "\n") + "\n",
	}
	for name, text := range p.attributes() {
		files[p.sys()+"/"+name] = text + "\n"
	}
	for name, text := range p.faceAttributes() {
		files[p.face()+"/"+name] = text + "\n"
	}
	for name, content := range files {
		if err := v.write(name, content); err != nil {
			return err
		}
	}
	for _, link := range [][2]string{
		{p.sys() + "/subsystem", "/sys/bus/usb"}, {p.face() + "/subsystem", "/sys/bus/usb"}, {"/sys/dev/char/" + p.number(), p.sys()},
		{"/sys/bus/usb/devices/" + p.port.String(), p.sys()}, {"/sys/bus/usb/devices/" + filepath.Base(p.face()), p.face()},
	} {
		if err := v.link(link[0], link[1]); err != nil {
			return err
		}
	}
	return nil
}

// vanish takes away what the kernel takes away at a pull; the node itself goes a little later, see nodeLingers.
func (v *View) vanish(p *plugged) {
	for _, name := range []string{"/sys/bus/usb/devices/" + p.port.String(), "/sys/bus/usb/devices/" + filepath.Base(p.face()), "/sys/dev/char/" + p.number()} {
		_ = os.Remove(v.path(name))
	}
	_ = os.RemoveAll(v.path(p.sys()))
}
