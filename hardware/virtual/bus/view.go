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
	dir string
	bus *Bus
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

// appear makes the files of a device and the socket of its node.
func (v *View) appear(p *plugged) (*net.UnixListener, error) {
	node := p.node()
	files := map[string]string{p.sys() + "/descriptors": string(p.device.descriptors()), node: string(p.device.descriptors())}
	for name, text := range p.attributes() {
		files[p.sys()+"/"+name] = text + "\n"
	}
	for name, text := range p.faceAttributes() {
		files[p.face()+"/"+name] = text + "\n"
	}
	files[p.sys()+"/uevent"] = strings.Join(p.properties(), "\n") + "\n"
	files[p.face()+"/uevent"] = strings.Join(p.faceProperties(), "\n") + "\n"
	for name, content := range files {
		if err := v.write(name, content); err != nil {
			return nil, err
		}
	}
	links := map[string]string{
		"/sys/bus/usb/devices/" + p.port.String(): p.sys(), "/sys/bus/usb/devices/" + filepath.Base(p.face()): p.face(),
		p.sys() + "/subsystem": "/sys/bus/usb", p.face() + "/subsystem": "/sys/bus/usb", "/sys/dev/char/" + p.number(): p.sys(),
	}
	for name, target := range links {
		if err := v.link(name, target); err != nil {
			return nil, err
		}
	}
	if err := v.linkTo("/dev/.node/"+strings.ReplaceAll(strings.TrimPrefix(node, "/dev/"), "/", "_"), p.number()); err != nil {
		return nil, err
	}
	socket := v.path("/ioctl" + node)
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("socket of %s: %w", node, err)
	}
	return listener, nil
}

// vanish takes away what the kernel takes away at a pull. The node's socket stays open for programs that have it open: the preloaded library ends
// the program whose socket is closed by the other side.
func (v *View) vanish(p *plugged) {
	_ = os.Remove(v.path(p.node()))
	_ = os.Remove(v.path("/dev/.node/" + strings.ReplaceAll(strings.TrimPrefix(p.node(), "/dev/"), "/", "_")))
	for _, name := range []string{"/sys/bus/usb/devices/" + p.port.String(), "/sys/bus/usb/devices/" + filepath.Base(p.face()), "/sys/dev/char/" + p.number()} {
		_ = os.Remove(v.path(name))
	}
	_ = os.RemoveAll(v.path(p.sys()))
}
