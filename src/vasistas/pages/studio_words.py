"""The sentences the studio's scripts say. Code → sentence; `{name}` is a gap the script fills.

The codes are those of `static/vasistas/js/lib/`; tests/pages/test_studio_words.py keeps both sides complete.
"""

from django.utils.translation import gettext as _

type Fault = tuple[str, str]  # what happened; what to do


def words() -> dict[str, str]:
    """All sentences, in the language of the request."""
    return {**_faults(), **_sound(), **_uplink(), **_health(), **_checklist(), **_broadcast()}


def _faults() -> dict[str, str]:
    """Each fault of devices-errors.js: what happened, and what to do."""
    faults = {**_faults_of_permission(), **_faults_of_both(), **_faults_of_camera(), **_faults_of_microphone()}
    parts = {f"{code}.title": title for code, (title, _remedy) in faults.items()}
    return parts | {f"{code}.remedy": remedy for code, (_title, remedy) in faults.items()}


def _faults_of_permission() -> dict[str, Fault]:
    return {
        "both.refused": (
            _("You refused camera and microphone."),
            _("Click the camera sign beside the address, allow both, and try again."),
        ),
        "camera.refused": (
            _("You refused the camera."),
            _("Click the camera sign beside the address, allow the camera, and try again."),
        ),
        "microphone.refused": (
            _("You refused the microphone."),
            _("Click the sign beside the address and allow the microphone, or go live without sound."),
        ),
        "permission.dismissed": (
            _("The browser's question was closed without an answer."),
            _("Try again, and choose “Allow” when the browser asks for camera and microphone."),
        ),
        "permission.system": (
            _("The operating system keeps camera or microphone from this browser."),
            _("Open the privacy settings of your system, allow this browser, and try again."),
        ),
    }


def _faults_of_both() -> dict[str, Fault]:
    return {
        "page.insecure": (
            _("This address is not secure, so the browser gives it no camera."),
            _("Open the site by its https:// address, or as http://localhost on the computer that runs it."),
        ),
        "browser.too_old": (
            _("This browser cannot send live video."),
            _("Use a current Chrome, Edge, Firefox or Safari, or broadcast with OBS."),
        ),
        "both.none": (
            _("There is no camera and no microphone."),
            _("Plug in a camera, wait a moment, and try again. A phone on a tripod does well."),
        ),
        "devices.unknown": (
            _("The browser could not open the camera, and did not say why."),
            _("Unplug the camera, plug it in again, and try again. If that does not help, restart the browser."),
        ),
    }


def _faults_of_camera() -> dict[str, Fault]:
    return {
        "camera.none": (
            _("There is no camera."),
            _("Plug one in, wait a moment, and try again. A phone on a tripod does well."),
        ),
        "camera.busy": (
            _("Another program is using the camera."),
            _("Close video calls and other tabs that show the camera, and try again."),
        ),
        "camera.impossible": (
            _("The camera cannot give such a picture."),
            _("Choose a smaller picture or another camera."),
        ),
        "camera.unplugged": (
            _("The camera is gone."),
            _("Check its cable and try again, or choose another camera."),
        ),
        "camera.paused": (
            _("The camera sends no picture."),
            _("Open its shutter, or switch it on with its key; the picture comes back by itself."),
        ),
    }


def _faults_of_microphone() -> dict[str, Fault]:
    return {
        "microphone.none": (
            _("There is no microphone."),
            _("Plug one in and try again, or go live without sound."),
        ),
        "microphone.busy": (
            _("Another program holds the microphone."),
            _("Close the program that records sound and try again, or go live without sound."),
        ),
        "microphone.unplugged": (
            _("The microphone is gone."),
            _("Check its cable and try again, or choose another microphone. Viewers hear nothing now."),
        ),
    }


def _sound() -> dict[str, str]:
    return {
        "devices.camera_numbered": _("Camera {number}"),
        "devices.microphone_numbered": _("Microphone {number}"),
        "devices.camera_default": _("No camera yet"),
        "devices.microphone_default": _("No microphone yet"),
        "devices.camera_in_use": _("This camera"),
        "devices.microphone_in_use": _("This microphone"),
        "sound.waiting": _("Say something at the distance you will speak from."),
        "sound.silent": _("Nothing is heard. Is the microphone muted by a switch of its own?"),
        "sound.quiet": _("Too quiet. Come closer, or turn the microphone up."),
        "sound.good": _("Good level."),
        "sound.clipping": _("Too loud: it distorts. Turn the microphone down or move back."),
        "sound.on": _("Mute"),
        "sound.off": _("Unmute"),
    }


def _uplink() -> dict[str, str]:
    return {
        "preset.saver": _("Data saver"),
        "preset.standard": _("Standard"),
        "preset.high": _("High"),
        "uplink.running": _("Measuring for ten seconds, on the way your broadcast will take …"),
        "uplink.stop": _("Stop the test"),
        "uplink.again": _("Test again"),
        "uplink.stopped": _("The test was stopped."),
        "uplink.failed": _("The test could not reach the media server. Check your connection and test again."),
        "uplink.nothing": _("Nothing arrived. A firewall may block UDP; try another network."),
        "uplink.too_weak": _("This line is too weak even for the smallest picture. Move closer to the router."),
        "uplink.lossy": _("Packets get lost on the way. A cable is better than Wi-Fi; {preset} may work."),
        "uplink.narrow": _("Enough for {preset}."),
        "uplink.good": _("Good. {preset} fits with room to spare."),
    }


def _health() -> dict[str, str]:
    return {
        "grade.good": _("Good"),
        "grade.fair": _("Fair"),
        "grade.poor": _("Poor"),
        "health.starting": _("Finding the speed of your line …"),
        "health.good": _("Everything you send arrives."),
        "health.nothing_sent": _("Nothing is being sent. Check camera and connection."),
        "health.loss": _("Packets get lost on the way. A cable is better than Wi-Fi."),
        "health.bandwidth": _("Your line limits the picture. Choose a smaller one, or stop other uploads."),
        "health.cpu": _("This computer is busy and limits the picture. Close other programs."),
        "health.frames": _("Few pictures per second. More light or a smaller picture helps most cameras."),
        "health.delay": _("The way to the server is slow; viewers see you with more delay."),
    }


def _checklist() -> dict[str, str]:
    return {
        "check.done": _("Done:"),
        "check.advice": _("Advice:"),
        "check.missing": _("Missing:"),
        "check.camera_on": _("Camera is on"),
        "check.camera_off": _("Turn on the camera"),
        "check.microphone_on": _("Microphone is heard well"),
        "check.microphone_off": _("No microphone: viewers will hear nothing"),
        "check.microphone_silent": _("The microphone is silent"),
        "check.microphone_quiet": _("The microphone is too quiet"),
        "check.microphone_clipping": _("The microphone is too loud"),
        "check.title_set": _("The room has a title"),
        "check.title_missing": _("Write a title of three letters or more"),
        "check.thumbnail_ready": _("The directory gets a picture"),
        "check.thumbnail_none": _("The directory's picture is made when the camera is on"),
        "check.thumbnail_blank": _("The picture shows nothing. Is the lens covered?"),
        "check.thumbnail_dark": _("The picture is very dark. Light in front of you helps"),
        "check.uplink_untested": _("The connection is not tested yet"),
        "check.uplink_weak": _("The connection may be too weak"),
        "check.uplink_below": _("The connection carries less than the chosen picture needs"),
        "check.uplink_enough": _("The connection carries the chosen picture"),
    }


def _broadcast() -> dict[str, str]:
    return {
        "room.saved": _("Saved."),
        "room.not_saved": _("The title was not saved. It needs 3 to 80 letters."),
        "site.unreachable": _("The site does not answer. Check your connection."),
        "live.failed": _("The broadcast could not begin. Check your connection and try again."),
        "away.leave": _("Step away"),
        "away.back": _("Come back"),
        "slate.title": _("Back in a moment"),
        "ended.ended": _("The broadcast has ended"),
        "ended.cut": _("Cut. Nothing leaves this computer any more"),
        "ended.site": _("The site ended this broadcast"),
        "ended.replaced": _("On air from another window or program, so this one stopped"),
        "ended.failed": _("The broadcast was lost"),
        "ended.facts": _("{length} on air, at most {peak} watching."),
        "ended.site_knows": _("The room is closed for everyone."),
        "ended.site_waits": _("Telling the site to close the room …"),
        "ended.site_silent": _("The site does not answer. Your camera is off; the room closes by itself."),
    }
