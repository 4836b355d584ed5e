package report

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var madeAt = time.Date(2026, 11, 22, 14, 5, 0, 0, time.FixedZone("", 5*3600))

// keysReport has that many certificates, in Kazakh, with every letter that Russian lacks.
func keysReport(keys int) KeysReport {
	r := KeysReport{
		Sheet:  Sheet{Language: "kk", Title: "ЭЦҚ кілттері туралы есеп", Notice: "Оқу режимі: бұл сертификаттардың заңды күші жоқ", Page: "Бет", MadeAt: madeAt},
		Name:   Line{"Тегі, аты, әкесінің аты", "ҚҰДАЙБЕРГЕНҰЛЫ ӘБДІРАХМАН ҒҰСМАНҰЛЫ"},
		IIN:    Line{"ЖСН", "900101300017"},
		Made:   Line{"Есеп жасалған күн мен уақыт", "22.11.2026, 14:05"},
		Centre: Line{"Тіркеу орталығы", "«Азаматтарға арналған үкімет» мемлекеттік корпорациясының Өскемен қаласындағы № 1 бөлімі"},
		Head: KeyRow{Use: "Не үшін", Serial: "Сериялық нөмірі", Valid: "Жарамдылық мерзімі", State: "Мәртебесі", Issued: "Берілген күні", How: "Қалай берілді",
			Storage: "Кілттер сақтау орны", Number: "Өтінім нөмірі"},
		None: "Сізде сертификат жоқ.",
		Note: "Мұқият болыңыз: һәм әріптері де сақталуы керек.",
	}
	for i := range keys {
		r.Keys = append(r.Keys, KeyRow{Use: "Құжаттарға қол қоюға арналған кілт", Serial: fmt.Sprintf("4f1c6a09b3d27e58a1c0f94d6b8237e5d41a%04x", i), Valid: "22.11.2026 – 22.11.2029",
			State: []string{"Қолданыста", "Кері қайтарылған: 23.11.2026, 10:00", "Мерзімі аяқталған"}[i%3], Issued: "22.11.2026, 14:00",
			How: "Тіркеу орталығында, жеке куәлік бойынша", Storage: "Қауіпсіз сақтау құрылғысы (Kaztoken)", Number: fmt.Sprintf("1001\u00a0%06d\u00a05", i)})
	}
	return r
}

func dayReport(rows int) DayReport {
	r := DayReport{
		Sheet:  Sheet{Language: "ru", Title: "Отчёт за день", Page: "Страница", MadeAt: madeAt},
		Day:    Line{"День", "22.11.2026"},
		Centre: Line{"Центр регистрации", "Отдел № 1 города Усть-Каменогорска"},
		Made:   Line{"Отчёт составлен", "22.11.2026, 18:00"},
		Totals: []Line{{"Подано заявок", "57"}, {"Решено заявок", "55"}, {"Выпущено сертификатов", "104"}, {"Установлено заявок", "50"}, {"Отозвано сертификатов", "3"}},

		OperatorsTitle: "Решения операторов",
		OperatorHead:   OperatorRow{"Оператор", "Подтверждено", "Отклонено"},
		Operators:      []OperatorRow{{"Өтегенова Әлия Ғабитқызы", "31", "2"}, {"Константинопольский-Преображенский Александр Вячеславович", "20", "2"}},
		RowsTitle:      "Заявки",
		Head: DayRow{Number: "Номер заявки", Kind: "Вид", Storage: "Хранилище", Status: "Статус", Device: "Терминал", FiledAt: "Подана", DecidedAt: "Решена",
			Operator: "Оператор", Reason: "Причина"},
		None: "В этот день заявок не было.",
	}
	for i := range rows {
		r.Rows = append(r.Rows, DayRow{Number: fmt.Sprintf("1001\u00a0%06d\u00a05", i), Kind: "Перевыпуск ключей", Storage: "Персональный компьютер", Status: "Сертификаты установлены",
			Device: "1001", FiledAt: "22.11.2026, 09:15", DecidedAt: "22.11.2026, 09:20", Operator: "Өтегенова Әлия Ғабитқызы",
			Reason: "Несоответствие данных удостоверения личности государственной базе"})
	}
	return r
}

func receipt() Receipt {
	return Receipt{Language: "kk", Title: "Өтінім қабылданды", Notice: "Оқу режимі", NumberLabel: "Өтінім нөмірі", Number: "1001\u00a0000001\u00a05", Code: "10010000015",
		Made: Line{"Күні мен уақыты", "22.11.2026, 14:05"}, Centre: Line{"Тіркеу орталығы", "Өскемен қаласындағы № 1 бөлім"},
		NextTitle: "Енді не істеу керек",
		Next:      []string{"Жеке куәлігіңізді алып, операторға барыңыз.", "Оператор растағаннан кейін терминалға оралып, өтінім нөмірін енгізіңіз.", "Сертификаттарды орнатыңыз."},
		Limit:     "Өтінімді 30 күн ішінде растаңыз: 22.12.2026 дейін.", MadeAt: madeAt}
}

// made writes a PDF to a file. Where TIRKEU_REPORTS names a folder the file stays there, to be looked at.
func made(t *testing.T, name string, make func() ([]byte, error)) string {
	t.Helper()
	data, err := make()
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("TIRKEU_REPORTS")
	if dir == "" {
		dir = t.TempDir()
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// outside runs an outside program and gives what it printed; where it is missing the test is skipped, or fails if TIRKEU_TEST_ALL is set.
func outside(t *testing.T, program string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") != "" {
			t.Fatalf("%s is missing", program)
		}
		t.Skipf("%s is missing", program)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, said.String())
	}
	if said.Len() > 0 {
		t.Errorf("%s complained: %s", program, said.String())
	}
	return string(out)
}
