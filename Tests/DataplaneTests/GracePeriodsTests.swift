import Glibc
import Linux
import Testing

@testable import Dataplane

/// The switch of the kernel, played by files.
struct GracePeriodsTests {
    private struct Refused: Error {}

    private let control: String
    private let marker: String
    private var gracePeriods: GracePeriods { GracePeriods(control: control, marker: marker) }

    init() throws {
        var template = Array("/tmp/caracal-grace-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        let path = template.dropLast().map(UInt8.init(bitPattern:))
        let folder = String(decoding: path, as: UTF8.self)
        control = folder + "/rcu_expedited"
        marker = folder + "/marker"
    }

    private func put(_ text: String, _ path: String) {
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        write(descriptor, text, text.utf8.count)
        close(descriptor)
    }

    private func state() throws -> String {
        String(decoding: try File.read(control), as: UTF8.self)
    }

    private var isMarked: Bool { access(marker, F_OK) == 0 }

    @Test("the switch is on during the body and off after it, marked meanwhile")
    func on() throws {
        put("0", control)
        let during = try gracePeriods.hurrying { () throws in (try state(), isMarked) }
        #expect(during == ("1", true))
        #expect(try state() == "0")
        #expect(!isMarked)
    }

    @Test("a body that fails leaves it off too")
    func failure() throws {
        put("0", control)
        #expect(throws: Refused.self) { try gracePeriods.hurrying { () throws in throw Refused() } }
        #expect(try state() == "0")
        #expect(!isMarked)
    }

    @Test("a switch that somebody else turned on stays on")
    func others() throws {
        put("1\n", control)
        let wasMarked = gracePeriods.hurrying { isMarked }
        #expect(!wasMarked)
        #expect(try state() == "1\n")
        gracePeriods.recover()
        #expect(try state() == "1\n")
    }

    @Test("a switch left on by a killed agent is turned off by the next")
    func recovery() throws {
        put("1", control)
        put("", marker)
        gracePeriods.recover()
        #expect(try state() == "0")
        #expect(!isMarked)
    }

    @Test("without the switch the body just runs")
    func absent() {
        var hasRun = false
        gracePeriods.hurrying { hasRun = true }
        #expect(hasRun)
        #expect(!isMarked)
    }
}
