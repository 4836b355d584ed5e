package card

import (
	"bytes"
	"encoding/binary"
)

// masterFile is the identifier of the root (ISO/IEC 7816-4 §7.4.1).
const masterFile = 0x3f00

// memory is how many octets all files may hold together: the size of a common JavaCard.
const memory = 64 << 10

// file is a folder (DF) or a file of octets (EF). The card's lock guards it.
type file struct {
	ID       uint16  `json:"id"`
	Folder   bool    `json:"folder,omitempty"`
	Name     []byte  `json:"name,omitempty"` // of a folder, its AID
	Data     []byte  `json:"data,omitempty"`
	Rights   []byte  `json:"rights,omitempty"` // eight octets, see allowed
	Children []*file `json:"children,omitempty"`
	parent   *file
}

// Places of the rights' octets (ISO/IEC 7816-4 §5.4.3.1, expanded as the applet wants them: one octet for each operation).
const (
	rightDelete       = 1
	rightCreateFolder = 5
	rightCreateFile   = 6
	rightUpdate       = 6
	rightRead         = 7
	rightDeleteChild  = 7

	always = 0x00
	never  = 0xff // everything else: once the PIN was verified
)

// adopt restores what the file on disk does not hold.
func (f *file) adopt() {
	for _, child := range f.Children {
		child.parent = f
		child.adopt()
	}
}

func (f *file) child(id uint16) *file {
	for _, c := range f.Children {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// find follows a path of identifiers.
func (f *file) find(root *file, path []byte) *file {
	for ; f != nil && len(path) >= 2; path = path[2:] {
		id := binary.BigEndian.Uint16(path)
		if id == masterFile {
			f = root
			continue
		}
		f = f.child(id)
	}
	if len(path) != 0 {
		return nil
	}
	return f
}

// named finds a folder by the beginning of its AID.
func (f *file) named(name []byte) *file {
	if f.Folder && len(f.Name) > 0 && len(name) > 0 && bytes.HasPrefix(f.Name, name) {
		return f
	}
	for _, child := range f.Children {
		if found := child.named(name); found != nil {
			return found
		}
	}
	return nil
}

// size is what the file and all below it take.
func (f *file) size() int {
	n := len(f.Data)
	for _, child := range f.Children {
		n += child.size()
	}
	return n
}

// control is the file control information (ISO/IEC 7816-4 §5.3.3).
func (f *file) control() []byte {
	var out []byte
	descriptor := byte(0x01) // working EF, transparent
	if f.Folder {
		descriptor = 0x38
	} else {
		out = tlv(0x80, binary.BigEndian.AppendUint16(nil, uint16(len(f.Data))))
	}
	out = append(out, tlv(0x82, []byte{descriptor})...)
	out = append(out, tlv(0x83, binary.BigEndian.AppendUint16(nil, f.ID))...)
	if len(f.Name) > 0 {
		out = append(out, tlv(0x84, f.Name)...)
	}
	if len(f.Rights) == 8 {
		out = append(out, tlv(0x86, f.Rights)...)
	}
	return tlv(0x6f, out)
}

// allowed says whether an operation may be done now. Until the PIN is set everything may: the card is being personalised.
func (c *Card) allowed(f *file, operation int) bool {
	if c.kept.PIN == nil || len(f.Rights) != 8 {
		return true
	}
	switch f.Rights[operation] {
	case always:
		return true
	case never:
		return false
	}
	return c.verified
}

func (c *Card) selectFile(cmd command) ([]byte, status) {
	root := c.kept.Root
	var found *file
	switch cmd.p1 {
	case 0x04:
		if bytes.Equal(cmd.data, applet) {
			c.current, c.folder = root, root
			return []byte{0, 6, features}, statusOK // API version 0.6
		}
		found = root.named(cmd.data)
	case 0x00, 0x01, 0x02:
		if len(cmd.data) == 0 {
			found = root
		} else if found = c.folder.find(root, cmd.data); found == nil {
			found = root.find(root, cmd.data)
		}
	case 0x03:
		found = c.folder.parent
	case 0x08:
		found = root.find(root, cmd.data)
	case 0x09:
		found = c.folder.find(root, cmd.data)
	default:
		return nil, statusP1P2
	}
	if found == nil {
		return nil, statusNotFound
	}
	c.enter(found)
	if cmd.p2&0x0c == 0x0c { // no answer wanted
		return nil, statusOK
	}
	return found.control(), statusOK
}

func (c *Card) enter(f *file) {
	c.current = f
	if f.Folder {
		c.folder = f
	} else {
		c.folder = f.parent
	}
}

func (c *Card) createFile(cmd command) ([]byte, status) {
	outer := parseTLV(cmd.data)
	inner := outer[0x6f]
	if inner == nil {
		inner = outer[0x62]
	}
	given := parseTLV(inner)
	if len(given[0x83]) != 2 || len(given[0x82]) < 1 {
		return nil, statusDataInvalid
	}
	f := &file{ID: binary.BigEndian.Uint16(given[0x83]), Rights: bytes.Clone(given[0x86]), Name: bytes.Clone(given[0x84]), parent: c.folder}
	right := rightCreateFile
	if given[0x82][0]&0x38 == 0x38 {
		f.Folder, right = true, rightCreateFolder
	}
	size := given[0x80]
	if size == nil {
		size = given[0x81]
	}
	switch {
	case !c.allowed(c.folder, right):
		return nil, statusSecurity
	case c.folder.child(f.ID) != nil:
		return nil, statusExists
	case len(size) > 2:
		return nil, statusFull
	case !f.Folder:
		n := 0
		for _, octet := range size {
			n = n<<8 | int(octet)
		}
		if c.kept.Root.size()+n > memory {
			return nil, statusFull
		}
		f.Data = make([]byte, n)
	}
	c.folder.Children = append(c.folder.Children, f)
	c.enter(f)
	c.changed = true
	return nil, statusOK
}

func (c *Card) deleteFile(cmd command) ([]byte, status) {
	f := c.current
	if len(cmd.data) == 2 {
		id := binary.BigEndian.Uint16(cmd.data)
		if f = c.folder.child(id); f == nil && c.folder.parent != nil {
			f = c.folder.parent.child(id)
		}
	}
	if f == nil || f.parent == nil {
		return nil, statusNotFound
	}
	if !c.allowed(f, rightDelete) && !c.allowed(f.parent, rightDeleteChild) {
		return nil, statusSecurity
	}
	siblings := f.parent.Children
	for i, s := range siblings {
		if s == f {
			f.parent.Children = append(siblings[:i:i], siblings[i+1:]...)
			break
		}
	}
	c.enter(f.parent)
	c.changed = true
	return nil, statusOK
}

// place is where in the current file a command begins (ISO/IEC 7816-4 §7.2.2).
func (c *Card) place(cmd command, right int) (int, status) {
	offset := int(cmd.p1&0x7f)<<8 | int(cmd.p2)
	switch {
	case c.current.Folder:
		return 0, statusNoCurrentEF
	case cmd.p1&0x80 != 0: // short file identifiers are not used
		return 0, statusP1P2
	case !c.allowed(c.current, right):
		return 0, statusSecurity
	case offset > len(c.current.Data):
		return 0, statusOffset
	}
	return offset, statusOK
}

func (c *Card) readBinary(cmd command) ([]byte, status) {
	offset, sw := c.place(cmd, rightRead)
	if sw != statusOK {
		return nil, sw
	}
	data := c.current.Data[offset:]
	return bytes.Clone(data[:min(len(data), cmd.expected)]), statusOK
}

func (c *Card) updateBinary(cmd command) ([]byte, status) {
	offset, sw := c.place(cmd, rightUpdate)
	if sw != statusOK {
		return nil, sw
	}
	if offset+len(cmd.data) > len(c.current.Data) {
		return nil, statusOffset
	}
	copy(c.current.Data[offset:], cmd.data)
	c.changed = true
	return nil, statusOK
}
