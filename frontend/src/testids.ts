/* TESTIDS: what end-to-end tests may hold on to.

   screen-<name>             root of each screen; data-settled="true" once taps count (300 ms after a change)
   action-<name>             a button that calls Do with that action; action-back, action-exit, action-notice.dismiss,
                             action-stay, action-exit.confirm, action-exit.cancel, action-staff.end, action-staff.leave
     several on one screen are told apart by a data attribute:
     action-start            data-lang="kk|ru|en"
     action-apply.region, action-apply.locality, action-apply.set   data-code
     action-apply.storage    data-insertion (tokens) or data-kind="stick"
     action-keys.token, action-status.by-token                  data-insertion
     action-staff.open       data-number
     action-files.open       data-file (its place in the list) and data-name; a file that cannot be opened is file-cannot
   lang-kk lang-ru lang-en   language switch in the header
   tool-contrast tool-text tool-help      header; tool-motion inside the help overlay; help-close
   field-<name>              inputs: field-iin, field-surname, field-given, field-patronymic, field-email, field-pin,
                             field-number, field-consent (checkbox button), field-password, field-again, field-new,
                             field-query, field-document, field-old, field-note, field-centre, field-reference, field-secret
   field-document-type-<code>  field-reason-<code>  field-display-<id>  field-language-up-<lang>    choices
   show-<field>              shows a password (never a PIN)
   key-<char>                on-screen keyboard; key-shift key-backspace key-space key-symbols key-layout-<kk|ru|en>
   pad-<digit> pad-back pad-clear          digit pad; pin-letters opens the keyboard for a PIN with letters
   scroll-up scroll-down     of a list or text that does not fit
   status-left               keys of an application that is over: on the stick that is in, or just taken off it
   pin-cut                   a change of this PIN was cut off
   notice                    the notice panel, data-code="E-1203"; progress  the progress line
   dialog-<name>             idle, staff-ends-session, exit-confirm, remove-token; help  the help overlay
   step-confirm step-reject step-back      steps inside staff.application, local to the page
   step-new step-back        steps inside files.change, local to the page
   step-next step-back       steps of a new PIN (password.pin, staff.unblock-pin), local to the page; step-why step-document  of staff.revoke
   field-certificate-<n>     a certificate to be revoked by order; certificate data-state data-serial; revoked data-seen data-serial
   action-staff.person       data-person; action-staff.unblock-token  data-insertion; action-staff.report-day  data-step
   action-staff.report-save  data-code="pdf|csv"; report-saved; report-row; people-none
   files-none                the picker without files; file-key data-state  what an opened file holds
   typed-note                under a password that opens a file, data-odd="|caps|cyrillic|outside"; key-shift data-locked
   sign-key data-key data-state  a key that serves; sign-key-cannot data-state  one that does not, and why
   cannot-<name>             a function of the cabinet that cannot be used now
   own-key data-key data-state   a certificate of the person's (in revoke.list a checkbox); own-key-cannot one that cannot be revoked
   step-pair                 in revoke.list: ticks the other key of the pair; step-sift step-confirm  steps of applications.list and .detail
   revocation data-state     on revoke.done; proof-list proof-ocsp proof-crl data-seen
   action-certificates.sift  data-code; keys-none, applications-none; cannot-print, cannot-save, taken data-phase, report-file
   action-applications.open  data-number and data-status; application data-status; email, notices data-on, saved  on profile.view
   action-system.choose data-code   systems-none      an information system of one's own; the list is empty
   action-code.ask data-method      code-time data-left   code-left data-left   code-wait   one-time codes; field-code
   device data-numbers data-kind  what is plugged into USB, on staff.devices and selftest; devices-none; stick-why  why a stick that is in cannot be used
   medium-out data-out       a stick or token that is done with: to be left in yet (false), or to be taken out (true)
   receipt data-phase        on receipt.take: printing, printed, failed, doubtful, mailed; action-receipt.print, action-receipt.email on every screen that ends with a number
   done-state data-state     what comes after apply.done: staff, queued, sent, issued, rejected
   unfinished data-why a key pair on keys.unfinished
   line                      state of the line in the header, data-online="true|false"
   number                    the application number on apply.done; status data-status; verdict data-verdict;
                             agreement-text; key-item data-state; part-<name> data-state (self-test)
   On the small glass a notice stands where the keyboard was: close it or tap the field to type on.
   A button that acts is aria-busy="true" while its tap would not count.
   missing-words             only there when a key had no words */
export {}
