// What the screens of a receipt show.
const L = (kk, ru, en) => ({ kk, ru, en })
const to = 'gulzhaukhar.nurmukhambetova1987@subdomain.example.kz'
const texts = {
  printing: L('Түбіртек басып шығарылуда', 'Квитанция печатается', 'The receipt is being printed'),
  waiting: L('Принтерде қағаз біткен. Қызметкерді шақырыңыз.', 'В принтере кончилась бумага. Позовите сотрудника.', 'The printer is out of paper. Please call staff.'),
  printed: L('Түбіртек басып шығарылды. Қағазды алыңыз.', 'Квитанция напечатана. Заберите бумагу.', 'The receipt is printed. Take the paper with you.'),
  failed: L('Принтерде қағаз кептеліп қалды.', 'В принтере кончилась бумага.', 'The printer is out of paper.'),
  doubtful: L('Принтер жауап бермей қалды, түбіртектің шыққаны белгісіз. Принтерге қараңыз: нөміріңіз жазылған қағаз болса, алып кетіңіз.', 'Принтер перестал отвечать, и неизвестно, вышла ли квитанция. Посмотрите на принтер: если там лист с вашим номером, заберите его.', 'The printer stopped answering, and nobody can say whether the receipt came out. Look at the printer: if there is a paper with your number, take it.'),
  mailed: L(`Түбіртек сақталды, орталықпен байланыс қалпына келгенде ${to} мекенжайына өзі жіберіледі.`, `Квитанция сохранена и сама уйдёт на ${to}, как только вернётся связь с центром.`, `The receipt is kept and goes to ${to} by itself when the line to the centre is back.`),
}

/** screens of a receipt, of the application with that number. */
export function receipts({ number, qr }) {
  const take = (phase, text, rest = {}) => ({ phase, number, qr, text, printer: true, finish: true, ...rest })
  return [
    ['receipt-printing', 'receipt.take', take('printing', texts.printing), { canBack: false }],
    ['receipt-waiting', 'receipt.take', take('printing', texts.waiting), { canBack: false }],
    ['receipt-printed', 'receipt.take', take('printed', texts.printed)],
    ['receipt-failed', 'receipt.take', take('failed', texts.failed)],
    ['receipt-doubtful', 'receipt.take', take('doubtful', texts.doubtful)],
    ['receipt-mailed', 'receipt.take', take('mailed', texts.mailed, { printer: false }), { online: false, pending: 1 }],
    ['receipt-mailed-more', 'receipt.take', take('mailed', texts.mailed, { finish: false })],
    ['receipt-email', 'receipt.email', { number, email: 'aigul@example.kz' }],
  ]
}
