package window

import (
	"bytes"
	"io"
	"io/fs"
	"time"
)

// firstMark is where index.html takes the first state.
const firstMark = "<!--first-->"

// first serves the page's files, and index.html with the present snapshot and the words in it: the page can show its first
// screen without asking for anything. It is data, not script, so the page's content policy stays as strict as it is.
type first struct {
	fs.FS
	w *Window
}

// Stat keeps Wails, which looks for index.html before it makes the window, from waiting for the first state: without it fs.Stat opens the file.
func (f first) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }

// Open opens a file of the page.
func (f first) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || name != "index.html" {
		return file, err
	}
	defer file.Close()
	f.w.asked.Do(func() { close(f.w.looping) })
	page, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if backend := f.w.serves(); backend != nil {
		page = bytes.Replace(page, []byte(firstMark), firstData(backend), 1)
	}
	return &pageFile{Reader: bytes.NewReader(page), info: pageInfo{info, int64(len(page))}}, nil
}

// firstData is the element the page reads.
func firstData(backend Backend) []byte {
	return append(append([]byte(`<script type="application/json" id="first">`), backend.First()...), "</script>"...)
}

// pageFile is index.html as it is served.
type pageFile struct {
	*bytes.Reader
	info pageInfo
}

func (f *pageFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (*pageFile) Close() error                 { return nil }

type pageInfo struct {
	fs.FileInfo
	size int64
}

func (i pageInfo) Size() int64      { return i.size }
func (pageInfo) ModTime() time.Time { return time.Time{} }
