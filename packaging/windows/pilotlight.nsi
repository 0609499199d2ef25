; SPDX-License-Identifier: MIT
; The installer: makensis -XTarget amd64-unicode -DVERSION=… -DPAYLOAD=… -DLISTS=… -DOUTPUT=… pilotlight.nsi
; PAYLOAD is what is installed; LISTS holds install.nsh and uninstall.nsh, which package.sh makes of it, so that removal
; takes exactly what was put there.
;   /S               no questions
;   /CurrentUser     for this user (the default without an administrator's rights); /AllUsers: for everybody
;   /AtLogin=1       start with the user's session; 0: not (the default)
;   /D=FOLDER        another folder; the last argument
SetDateSave off
SetCompressor /SOLID lzma
!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_USE_PROGRAMFILES64
!define MULTIUSER_INSTALLMODE_INSTDIR Pilotlight
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY Software\Pilotlight
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME InstallFolder
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY Software\Pilotlight
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME InstallFolder
!include MultiUser.nsh
!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include Sections.nsh

!define KEY Software\Microsoft\Windows\CurrentVersion\Uninstall\Pilotlight
!define RUN Software\Microsoft\Windows\CurrentVersion\Run

Name Pilotlight
OutFile "${OUTPUT}"
BrandingText " "
VIProductVersion ${VERSION}.0
VIAddVersionKey ProductName Pilotlight
VIAddVersionKey ProductVersion ${VERSION}
VIAddVersionKey FileVersion ${VERSION}
VIAddVersionKey FileDescription "Pilotlight installer"
VIAddVersionKey LegalCopyright "The Pilotlight contributors, MIT licence"

!define MUI_ICON ..\icons\pilotlight.ico
!define MUI_UNICON ..\icons\pilotlight.ico
!define MUI_FINISHPAGE_RUN $INSTDIR\bin\pilotlight.exe
!insertmacro MUI_PAGE_LICENSE "${PAYLOAD}\LICENSE.txt"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English

; A program that runs cannot be overwritten, but be renamed: the window and the keeper of the older version run on, and the next
; start of the window replaces the keeper without ending a turn.
!macro OutOfTheWay file
    ${If} ${FileExists} "$INSTDIR\${file}"
        ClearErrors
        Delete "$INSTDIR\${file}"
        ${If} ${Errors}
            Delete "$INSTDIR\${file}.old"
            Rename "$INSTDIR\${file}" "$INSTDIR\${file}.old"
            Delete /REBOOTOK "$INSTDIR\${file}.old"
        ${EndIf}
    ${EndIf}
!macroend

Section "Pilotlight" SectionProgram
    SectionIn RO
    !include "${LISTS}\install.nsh"
    WriteUninstaller $INSTDIR\uninstall.exe
    CreateShortCut $SMPROGRAMS\Pilotlight.lnk $INSTDIR\bin\pilotlight.exe
    WriteRegStr SHCTX Software\Pilotlight InstallFolder $INSTDIR
    WriteRegStr SHCTX Software\Classes\pilotlight "" "URL:Pilotlight session"
    WriteRegStr SHCTX Software\Classes\pilotlight "URL Protocol" ""
    WriteRegStr SHCTX Software\Classes\pilotlight\DefaultIcon "" "$INSTDIR\bin\pilotlight.exe,0"
    WriteRegStr SHCTX Software\Classes\pilotlight\shell\open\command "" '"$INSTDIR\bin\pilotlight.exe" "%1"'
    WriteRegStr SHCTX ${KEY} DisplayName Pilotlight
    WriteRegStr SHCTX ${KEY} DisplayVersion ${VERSION}
    WriteRegStr SHCTX ${KEY} DisplayIcon $INSTDIR\bin\pilotlight.exe
    WriteRegStr SHCTX ${KEY} Publisher "The Pilotlight contributors"
    WriteRegStr SHCTX ${KEY} InstallLocation $INSTDIR
    WriteRegStr SHCTX ${KEY} UninstallString '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
    WriteRegStr SHCTX ${KEY} QuietUninstallString '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
    WriteRegDWORD SHCTX ${KEY} NoModify 1
    WriteRegDWORD SHCTX ${KEY} NoRepair 1
    ${GetSize} $INSTDIR "/S=0K" $0 $1 $2
    WriteRegDWORD SHCTX ${KEY} EstimatedSize $0
SectionEnd

Section /o "Start at login" SectionAtLogin
    WriteRegStr SHCTX ${RUN} Pilotlight '"$INSTDIR\bin\pilotlight.exe" --minimized'
SectionEnd

Section Uninstall
    !include "${LISTS}\uninstall.nsh"
    Delete $INSTDIR\uninstall.exe
    RMDir $INSTDIR
    Delete $SMPROGRAMS\Pilotlight.lnk
    DeleteRegKey SHCTX Software\Classes\pilotlight
    DeleteRegKey SHCTX ${KEY}
    DeleteRegKey SHCTX Software\Pilotlight
    DeleteRegValue SHCTX ${RUN} Pilotlight
    DeleteRegValue HKCU ${RUN} Pilotlight
SectionEnd

Function .onInit
    !insertmacro MULTIUSER_INIT
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/AtLogin=" $1
    ${If} $1 == 1
        !insertmacro SelectSection ${SectionAtLogin}
    ${EndIf}
FunctionEnd

Function un.onInit
    !insertmacro MULTIUSER_UNINIT
FunctionEnd
