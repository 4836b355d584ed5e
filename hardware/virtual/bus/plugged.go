package bus

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
)

// plugged is one stay of a device in a port.
type plugged struct {
	port    Port
	address int // devnum, new with every plug
	device  Device
	ctx     context.Context // ends with the pull
	pull    context.CancelFunc
	sockets map[*View]*net.UnixListener // the bus's lock guards it
}

func (p *plugged) sys() string {
	return fmt.Sprintf("%s/usb%d/%s", controller, p.port.Bus, p.port)
}

func (p *plugged) face() string { return fmt.Sprintf("%s/%s:1.0", p.sys(), p.port) }

func (p *plugged) node() string { return fmt.Sprintf("/dev/bus/usb/%03d/%03d", p.port.Bus, p.address) }

// nodeNumber is where the preloaded library looks up the node's number.
func (p *plugged) nodeNumber() string {
	return "/dev/.node/" + strings.ReplaceAll(strings.TrimPrefix(p.node(), "/dev/"), "/", "_")
}

// number is major and minor of the node, as the kernel counts them (Documentation/admin-guide/devices.txt, 189).
func (p *plugged) number() string { return fmt.Sprintf("189:%d", (p.port.Bus-1)*128+p.address-1) }

func (p *plugged) product() string {
	return fmt.Sprintf("PRODUCT=%x/%x/100", p.device.Vendor, p.device.Product)
}

// properties are those the kernel gives in a uevent of the device.
func (p *plugged) properties() []string {
	_, minor, _ := strings.Cut(p.number(), ":")
	return []string{
		"MAJOR=189", "MINOR=" + minor, "DEVNAME=" + strings.TrimPrefix(p.node(), "/dev/"), "DEVTYPE=usb_device", "DRIVER=usb", p.product(), "TYPE=0/0/0",
		fmt.Sprintf("BUSNUM=%03d", p.port.Bus), fmt.Sprintf("DEVNUM=%03d", p.address),
	}
}

func (p *plugged) faceProperties() []string {
	f := p.device.Function.Interface()
	return []string{"DEVTYPE=usb_interface", p.product(), "TYPE=0/0/0", fmt.Sprintf("INTERFACE=%d/%d/%d", f.Class, f.SubClass, f.Protocol)}
}

func (p *plugged) attributes() map[string]string {
	out := map[string]string{
		"busnum": fmt.Sprint(p.port.Bus), "devnum": fmt.Sprint(p.address), "devpath": fmt.Sprint(p.port.Port), "dev": p.number(), "speed": "12",
		"idVendor": fmt.Sprintf("%04x", p.device.Vendor), "idProduct": fmt.Sprintf("%04x", p.device.Product), "bcdDevice": "0100",
		"bConfigurationValue": "1", "bNumConfigurations": "1", "bDeviceClass": "00", "bNumInterfaces": " 1",
	}
	for name, text := range map[string]string{"manufacturer": p.device.Manufacturer, "product": p.device.Name, "serial": p.device.Serial} {
		if text != "" {
			out[name] = strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
		}
	}
	return out
}

func (p *plugged) faceAttributes() map[string]string {
	f := p.device.Function.Interface()
	return map[string]string{
		"bInterfaceNumber": "00", "bAlternateSetting": " 0", "bNumEndpoints": fmt.Sprintf("%02x", len(f.Endpoints)),
		"bInterfaceClass": fmt.Sprintf("%02x", f.Class), "bInterfaceSubClass": fmt.Sprintf("%02x", f.SubClass), "bInterfaceProtocol": fmt.Sprintf("%02x", f.Protocol),
	}
}

// close ends the stay, and lets nobody open the node any more. The bus's lock is held.
func (p *plugged) close() {
	p.pull()
	p.unlink()
}

// unlink lets nobody open the node any more; whoever has it open keeps it, for the preloaded library ends a program that loses it. The bus's lock is
// held.
func (p *plugged) unlink() {
	for v, l := range p.sockets {
		_ = os.Remove(v.path(p.node()))
		_ = os.Remove(v.path(p.nodeNumber()))
		_ = l.Close() // which removes its file
	}
	clear(p.sockets)
}
