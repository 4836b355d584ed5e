package report

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const kazakh = "ӘәҒғҚқҢңӨөҰұҮүҺһІі"

func TestTypeface_HasEveryLetterOfTheThreeLanguages(t *testing.T) {
	for name, font := range map[string]string{"regular": regular, "bold": bold} {
		have := characters([]byte(font))
		wanted := kazakh + "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдеёжзийклмнопрстуфхцчшщъыьэюя" + "№«»–—…“”’ \u00a0"
		for c := ' '; c <= '~'; c++ {
			wanted += string(c)
		}
		for _, c := range wanted {
			if !have[c] {
				t.Errorf("%s lacks %q", name, c)
			}
		}
	}
	if !reflect.DeepEqual(characters([]byte(regular)), characters([]byte(bold))) {
		t.Error("the two weights have different characters")
	}
}

func TestPrintable_ShowsWhatTheTypefaceLacksAsAQuestionMark(t *testing.T) {
	if got := printable("Ә\u00adл\u200dия 😀\t語\x00\nб\ufffe\U0010ffff"); got != "Әлия ? ? \nб??" {
		t.Errorf("%q", got)
	}
}

// words of a fixture, without those that are wider than their column.
func words(value any) []string {
	var found []string
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			found = append(found, strings.Fields(v.String())...)
		case reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; name != "MadeAt" && name != "Language" && name != "Code" && name != "Serial" && name != "None" {
					walk(v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		}
	}
	walk(reflect.ValueOf(value))
	return found
}

func TestPDF_GivesEveryWordBack(t *testing.T) {
	keys, day, slip := keysReport(3), dayReport(3), receipt()
	for _, c := range []struct {
		name  string
		make  func() ([]byte, error)
		value any
	}{{"keys.pdf", keys.PDF, keys}, {"day.pdf", day.PDF, day}, {"receipt.pdf", slip.PDF, slip}} {
		t.Run(c.name, func(t *testing.T) {
			text := outside(t, "pdftotext", "-layout", made(t, c.name, c.make), "-")
			there := map[string]bool{}
			for _, w := range strings.Fields(text) {
				there[w] = true
			}
			wanted := words(c.value)
			if len(wanted) < 30 {
				t.Fatalf("only %d words", len(wanted))
			}
			for _, w := range wanted {
				if !there[w] && !strings.HasPrefix(w, "Константинопольский") {
					t.Errorf("%q did not come back", w)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
	all := strings.Join(words(keys), "") + strings.Join(words(slip), "")
	for _, c := range "әғқңөұүһі" {
		if !strings.ContainsRune(all, c) {
			t.Errorf("no word of the test has %q", c)
		}
	}
}

func TestPDF_CarriesOnlyTheLettersItUses(t *testing.T) {
	file := made(t, "keys.pdf", keysReport(3).PDF)
	fonts := outside(t, "pdffonts", file)
	if rows := regexp.MustCompile(`(?m)^utf8golosB? +CID TrueType +Identity-H +yes +\S+ +yes `).FindAllString(fonts, -1); len(rows) != 2 {
		t.Errorf("two embedded fonts with a map to Unicode were expected:\n%s", fonts)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 80_000 { // both fonts whole are 135,896 bytes
		t.Errorf("%d bytes", info.Size())
	}
}

func TestPDF_SaysNothingOfAPersonAboutItself(t *testing.T) {
	said := outside(t, "pdfinfo", made(t, "keys.pdf", keysReport(1).PDF))
	for _, wanted := range []string{"Title:           ЭЦҚ кілттері туралы есеп", "Producer:        Tirkeu"} {
		if !strings.Contains(said, wanted) {
			t.Errorf("%q is missing:\n%s", wanted, said)
		}
	}
	for _, never := range []string{"ҚҰДАЙБЕРГЕНҰЛЫ", "900101300017", "Author", "Subject", "Keywords"} {
		if strings.Contains(said, never) {
			t.Errorf("it says %q:\n%s", never, said)
		}
	}
}

func TestPDF_IsTheSameEveryTime(t *testing.T) {
	keys, day, slip := keysReport(40), dayReport(40), receipt()
	for name, make := range map[string]func() ([]byte, error){"keys": keys.PDF, "day": day.PDF, "receipt": slip.PDF, "day.csv": day.CSV} {
		seen := map[string]bool{}
		for range 20 { // the order of a map differs from turn to turn
			data, err := make()
			if err != nil {
				t.Fatal(err)
			}
			seen[fmt.Sprintf("%x", sha256.Sum256(data))] = true
		}
		if len(seen) != 1 {
			t.Errorf("%s: %d different results", name, len(seen))
		}
	}
}

func TestTable_RepeatsItsHeadAndLosesNoRow(t *testing.T) {
	const rows = 120
	text := outside(t, "pdftotext", "-layout", made(t, "long.pdf", keysReport(rows).PDF), "-")
	pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
	if len(pages) < 5 {
		t.Fatalf("%d pages", len(pages))
	}
	for i, page := range pages {
		for _, wanted := range []string{"Сериялық", "Оқу режимі", "ЭЦҚ кілттері туралы есеп", fmt.Sprintf("Бет %d / %d", i+1, len(pages))} {
			if strings.Count(page, wanted) != 1 {
				t.Errorf("page %d says %q %d times", i+1, wanted, strings.Count(page, wanted))
			}
		}
	}
	plain := strings.ReplaceAll(text, "\u00a0", " ")
	for i := range rows {
		if n := strings.Count(plain, fmt.Sprintf("1001 %06d 5", i)); n != 1 {
			t.Errorf("row %d stands there %d times", i, n)
		}
	}
}

func TestTable_GoesOnWhereARowIsTallerThanAPage(t *testing.T) {
	day := dayReport(1)
	day.Rows[0].Reason = ""
	for i := range 300 {
		day.Rows[0].Reason += fmt.Sprintf("слово%03d ", i)
	}
	text := outside(t, "pdftotext", "-layout", made(t, "tall.pdf", day.PDF), "-")
	for i := range 300 {
		if word := fmt.Sprintf("слово%03d", i); strings.Count(text, word) != 1 {
			t.Errorf("%s stands there %d times", word, strings.Count(text, word))
		}
	}
}

func TestWrap_FitsEveryLineAndLosesNothing(t *testing.T) {
	p := newPaper(Sheet{}, 100, 100, 5)
	for _, text := range []string{"", "а", "Құжаттарға қол қоюға арналған кілт", strings.Repeat("ұзын", 60), "а " + strings.Repeat("Ж", 200) + " б", "бір\nекі\n\nүш", "22.11.2026\u00a0–\u00a022.11.2029 және"} {
		for width := 4.0; width < 90; width += 3.7 {
			lines := p.wrap(text, width)
			for _, line := range lines {
				if p.pdf.GetStringWidth(line) > width && len([]rune(line)) > 1 {
					t.Errorf("%q is wider than %.1f mm", line, width)
				}
			}
			bare := func(s string) string { return strings.NewReplacer(" ", "", "\n", "").Replace(s) }
			if bare(strings.Join(lines, "")) != bare(text) {
				t.Errorf("%q became %q", text, lines)
			}
		}
	}
}

func TestReceipt_HasNoPlaceForAPerson(t *testing.T) {
	var names []string
	for i := range reflect.TypeFor[Receipt]().NumField() {
		names = append(names, reflect.TypeFor[Receipt]().Field(i).Name)
	}
	if want := []string{"Language", "Title", "Notice", "NumberLabel", "Number", "Code", "Made", "Centre", "NextTitle", "Next", "Limit", "MadeAt"}; !slices.Equal(names, want) {
		t.Errorf("a receipt has the fields %v; a new one must have no room for a name or an IIN", names)
	}
}

func TestReceipt_IsAsWideAsTheRollAndAsHighAsItNeeds(t *testing.T) {
	size := regexp.MustCompile(`Page size: +([\d.]+) x ([\d.]+) pts`)
	long := receipt()
	long.Next = append(long.Next, strings.Repeat("Тағы бір ұзақ түсіндірме. ", 20))
	var heights []string
	for name, r := range map[string]Receipt{"receipt.pdf": receipt(), "receipt-long.pdf": long} {
		said := outside(t, "pdfinfo", made(t, name, r.PDF))
		m := size.FindStringSubmatch(said)
		if m == nil || m[1] != "226.77" || !strings.Contains(said, "Pages:           1\n") {
			t.Errorf("80 mm and one page were expected:\n%s", said)
			continue
		}
		heights = append(heights, m[2])
	}
	if len(heights) == 2 && heights[0] == heights[1] {
		t.Errorf("both are %s points high", heights[0])
	}
}

func TestReceipt_CodeIsReadByAScanner(t *testing.T) {
	file := made(t, "receipt.pdf", receipt().PDF)
	picture := filepath.Join(t.TempDir(), "receipt")
	outside(t, "pdftoppm", "-r", "203", "-gray", "-png", "-singlefile", file, picture) // dots per inch of a receipt printer
	if got := strings.TrimSpace(outside(t, "zbarimg", "--nodbus", "--quiet", "--raw", picture+".png")); got != "10010000015" {
		t.Errorf("%q", got)
	}
}

func TestReceipt_WithoutAPossibleCodeIsNotPrinted(t *testing.T) {
	r := receipt()
	r.Code = strings.Repeat("9", 8000)
	if data, err := r.PDF(); err == nil {
		t.Errorf("%d bytes", len(data))
	}
}

func TestEmptyReports_SayThatThereIsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		make func() ([]byte, error)
		says string
	}{"no-keys.pdf": {keysReport(0).PDF, "Сізде сертификат жоқ."}, "no-day.pdf": {dayReport(0).PDF, "В этот день заявок не было."}} {
		if text := outside(t, "pdftotext", "-layout", made(t, name, c.make), "-"); !strings.Contains(text, c.says) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestCSV_OpensInASpreadsheet(t *testing.T) {
	day := dayReport(2)
	day.Rows[0].Reason = `Причина; с «точкой с запятой» и "кавычками"`
	data, err := day.CSV()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		t.Error("no byte order mark")
	}
	if bytes.Count(data, []byte("\n")) != bytes.Count(data, []byte("\r\n")) {
		t.Error("a line ends without CR LF")
	}
	want := "\ufeffОтчёт за день\r\nДень;22.11.2026\r\nЦентр регистрации;Отдел № 1 города Усть-Каменогорска\r\nОтчёт составлен;22.11.2026, 18:00\r\n" +
		"Подано заявок;57\r\nРешено заявок;55\r\nВыпущено сертификатов;104\r\nУстановлено заявок;50\r\nОтозвано сертификатов;3\r\n\r\n" +
		"Решения операторов\r\nОператор;Подтверждено;Отклонено\r\nӨтегенова Әлия Ғабитқызы;31;2\r\nКонстантинопольский-Преображенский Александр Вячеславович;20;2\r\n\r\n" +
		"Заявки\r\nНомер заявки;Вид;Хранилище;Статус;Терминал;Подана;Решена;Оператор;Причина\r\n" +
		"1001\u00a0000000\u00a05;Перевыпуск ключей;Персональный компьютер;Сертификаты установлены;1001;22.11.2026, 09:15;22.11.2026, 09:20;Өтегенова Әлия Ғабитқызы;" +
		"\"Причина; с «точкой с запятой» и \"\"кавычками\"\"\"\r\n" +
		"1001\u00a0000001\u00a05;Перевыпуск ключей;Персональный компьютер;Сертификаты установлены;1001;22.11.2026, 09:15;22.11.2026, 09:20;Өтегенова Әлия Ғабитқызы;" +
		"Несоответствие данных удостоверения личности государственной базе\r\n"
	if string(data) != want {
		t.Errorf("got\n%q\nwant\n%q", data, want)
	}
}

func TestCSV_DefusesFormulas(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+7": "'+7", "-2": "'-2", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'=1", "  =1": "'=1", "\r\n=cmd|'/c calc'!A0": "'=cmd|'/c calc'!A0", "＝1": "'＝1", "\u00a0@x": "'@x",
		"": "", "а=1": "а=1", "22.11.2026": "22.11.2026", "a\nb": "a b", "–": "–",
	} {
		if got := defused(cell)[0]; got != want {
			t.Errorf("%q became %q, not %q", cell, got, want)
		}
	}
}
