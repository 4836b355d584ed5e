import type { Component } from 'svelte'
import Setup from './Setup.svelte'
import SelfTest from './SelfTest.svelte'
import Fault from './Fault.svelte'
import Menu from './Menu.svelte'
import ApplyIin from './ApplyIin.svelte'
import ApplyName from './ApplyName.svelte'
import ApplyEmail from './ApplyEmail.svelte'
import ApplyRegion from './ApplyRegion.svelte'
import ApplyLocality from './ApplyLocality.svelte'
import ApplyStorage from './ApplyStorage.svelte'
import ApplyStickWarning from './ApplyStickWarning.svelte'
import ApplySet from './ApplySet.svelte'
import ApplyAgreement from './ApplyAgreement.svelte'
import ApplyPin from './ApplyPin.svelte'
import ApplyKeys from './ApplyKeys.svelte'
import ApplySummary from './ApplySummary.svelte'
import ApplyDone from './ApplyDone.svelte'
import StatusNumber from './StatusNumber.svelte'
import StatusWord from './StatusWord.svelte'
import InstallMedium from './InstallMedium.svelte'
import InstallPin from './InstallPin.svelte'
import InstallPassword from './InstallPassword.svelte'
import InstallProgress from './InstallProgress.svelte'
import InstallFactory from './InstallFactory.svelte'
import InstallDone from './InstallDone.svelte'
import KeysMedium from './KeysMedium.svelte'
import KeysPin from './KeysPin.svelte'
import KeysList from './KeysList.svelte'
import KeysUnfinished from './KeysUnfinished.svelte'
import FilesMedium from './FilesMedium.svelte'
import FilesList from './FilesList.svelte'
import FilesPassword from './FilesPassword.svelte'
import FilesDetail from './FilesDetail.svelte'
import FilesChange from './FilesChange.svelte'
import FilesProgress from './FilesProgress.svelte'
import FilesChanged from './FilesChanged.svelte'
import SignMedium from './SignMedium.svelte'
import SignLost from './SignLost.svelte'
import SignFile from './SignFile.svelte'
import SignSecret from './SignSecret.svelte'
import SignKeys from './SignKeys.svelte'
import CabinetHome from './CabinetHome.svelte'
import RevokeList from './RevokeList.svelte'
import RevokeReason from './RevokeReason.svelte'
import RevokeConfirm from './RevokeConfirm.svelte'
import RevokeDone from './RevokeDone.svelte'
import CertificatesList from './CertificatesList.svelte'
import CertificatesReport from './CertificatesReport.svelte'
import ProfileView from './ProfileView.svelte'
import ProfileEmail from './ProfileEmail.svelte'
import ApplicationsList from './ApplicationsList.svelte'
import ApplicationsDetail from './ApplicationsDetail.svelte'
import ApplyCardWarning from './ApplyCardWarning.svelte'
import SystemList from './SystemList.svelte'
import GostInfo from './GostInfo.svelte'
import CodeMethod from './CodeMethod.svelte'
import CodeEntry from './CodeEntry.svelte'
import PasswordMedium from './PasswordMedium.svelte'
import PasswordPin from './PasswordPin.svelte'
import PasswordDone from './PasswordDone.svelte'
import InstallTake from './InstallTake.svelte'
import ReceiptTake from './ReceiptTake.svelte'
import ReceiptEmail from './ReceiptEmail.svelte'
import StaffPeople from './StaffPeople.svelte'
import StaffPerson from './StaffPerson.svelte'
import StaffRevoke from './StaffRevoke.svelte'
import StaffRevoked from './StaffRevoked.svelte'
import StaffUnblock from './StaffUnblock.svelte'
import StaffUnblockAdmin from './StaffUnblockAdmin.svelte'
import StaffUnblockTurn from './StaffUnblockTurn.svelte'
import StaffUnblockPin from './StaffUnblockPin.svelte'
import StaffUnblocked from './StaffUnblocked.svelte'
import StaffDevices from './StaffDevices.svelte'
import StaffReport from './StaffReport.svelte'
import StaffPin from './StaffPin.svelte'
import StaffQueue from './StaffQueue.svelte'
import StaffApplication from './StaffApplication.svelte'
import StaffDecided from './StaffDecided.svelte'

/** Every screen by the name the program gives it. */
export const screens: Record<string, Component<{ data: never }>> = {
  setup: Setup,
  selftest: SelfTest,
  fault: Fault,
  menu: Menu,
  'apply.iin': ApplyIin,
  'apply.name': ApplyName,
  'apply.email': ApplyEmail,
  'apply.region': ApplyRegion,
  'apply.locality': ApplyLocality,
  'apply.storage': ApplyStorage,
  'apply.stick-warning': ApplyStickWarning,
  'apply.set': ApplySet,
  'apply.agreement': ApplyAgreement,
  'apply.pin': ApplyPin,
  'apply.keys': ApplyKeys,
  'apply.summary': ApplySummary,
  'apply.done': ApplyDone,
  'status.number': StatusNumber,
  'status.word': StatusWord,
  'install.medium': InstallMedium,
  'install.pin': InstallPin,
  'install.password': InstallPassword,
  'install.progress': InstallProgress,
  'install.factory': InstallFactory,
  'install.done': InstallDone,
  'keys.medium': KeysMedium,
  'keys.pin': KeysPin,
  'keys.list': KeysList,
  'keys.unfinished': KeysUnfinished,
  'files.medium': FilesMedium,
  'files.list': FilesList,
  'files.password': FilesPassword,
  'files.detail': FilesDetail,
  'files.change': FilesChange,
  'files.progress': FilesProgress,
  'files.changed': FilesChanged,
  'sign.medium': SignMedium,
  'sign.lost': SignLost,
  'sign.file': SignFile,
  'sign.secret': SignSecret,
  'sign.keys': SignKeys,
  'cabinet.home': CabinetHome,
  'revoke.list': RevokeList,
  'revoke.reason': RevokeReason,
  'revoke.confirm': RevokeConfirm,
  'revoke.done': RevokeDone,
  'certificates.list': CertificatesList,
  'certificates.report': CertificatesReport,
  'profile.view': ProfileView,
  'profile.email': ProfileEmail,
  'applications.list': ApplicationsList,
  'applications.detail': ApplicationsDetail,
  'apply.card-warning': ApplyCardWarning,
  'system.list': SystemList,
  'gost.info': GostInfo,
  'code.method': CodeMethod,
  'code.entry': CodeEntry,
  'password.medium': PasswordMedium,
  'password.pin': PasswordPin,
  'password.done': PasswordDone,
  'install.take': InstallTake,
  'receipt.take': ReceiptTake,
  'receipt.email': ReceiptEmail,
  'staff.people': StaffPeople,
  'staff.person': StaffPerson,
  'staff.revoke': StaffRevoke,
  'staff.revoked': StaffRevoked,
  'staff.unblock': StaffUnblock,
  'staff.unblock-admin': StaffUnblockAdmin,
  'staff.unblock-turn': StaffUnblockTurn,
  'staff.unblock-pin': StaffUnblockPin,
  'staff.unblocked': StaffUnblocked,
  'staff.devices': StaffDevices,
  'staff.report': StaffReport,
  'staff.pin': StaffPin,
  'staff.queue': StaffQueue,
  'staff.application': StaffApplication,
  'staff.decided': StaffDecided,
}
