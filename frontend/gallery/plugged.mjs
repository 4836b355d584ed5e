// How it stands with a stick, and what is plugged into USB, as the screens say it.
const L = (kk, ru, en) => ({ kk, ru, en })

export const sticks = {
  several: L('Екі флешка салынған. Өзіңіздікін қалдырып, екіншісін алыңыз.', 'Вставлены две флешки. Оставьте свою, другую выньте.', 'Two sticks are in. Leave yours in and take the other out.'),
  unreadable: L('Оның форматы (BitLocker) мұнда оқылмайды. FAT32, exFAT немесе ext4 форматындағы флешканы алыңыз.', 'Её формат (BitLocker) здесь не читается. Возьмите флешку с FAT32, exFAT или ext4.', 'Its format (BitLocker) is not known here. Use a stick with FAT32, exFAT or ext4.'),
  protected: L('Ол жазудан қорғалған: оған ештеңе сақталмайды.', 'На ней защита от записи: сохранить на неё ничего нельзя.', 'It is write-protected: nothing can be saved on it.'),
  releasing: L('Жазылып жатыр. Флешканы әзірге шығармаңыз.', 'Идёт запись. Пока не вынимайте флешку.', 'It is being written to. Do not take it out yet.'),
}
export const devices = [
  { kind: '', name: 'Shenzhen Techonology Ltd. Multifunction USB Composite Receiver Device', numbers: '1a2c:2124', serial: '', port: '1-1.4', text: L('Терминал бұл құрылғыны танымайды.', 'Терминал не знает этого устройства.', 'This terminal does not know this device.') },
  { kind: 'etoken', name: 'eToken PRO (Java, 72K)', numbers: '0529:0620', serial: '0292FC61', port: '1-2', text: '' },
  { kind: 'kaztoken', name: 'Kaztoken', numbers: '0a89:0030', serial: '', port: '1-3', text: L('Құрылғыны пайдалану үшін мынаны орнатыңыз: libkaztoken', 'Чтобы пользоваться устройством, установите: libkaztoken', 'To be installed before it can be used: libkaztoken') },
]
