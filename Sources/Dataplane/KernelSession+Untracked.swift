import BPF
import CBPFABI
import Netlink

// doNotTrack policy of host endpoints: a program of its own, on those interfaces alone that have some.

extension KernelSession {
    /// Hangs the program where the records of host endpoints ask for it, and takes it off elsewhere.
    ///
    /// Called when the records are written, so that it never goes before what needs it. What it cannot
    /// do is told in ``unattached`` and tried again with the next change.
    func followUntracked() {
        let wanted = interfaces(where: { $0.hasUntrackedIngress })
        let modes = reconciler.settings?.xdpModes ?? XDPMode.allCases
        for (index, name) in wanted {
            do throws(DataplaneError) {
                untracked[name] = try attachments.attachUntracked(to: name, index, modes)
                unattached[name] = nil
            } catch {
                unattached[name] = error
            }
        }
        for index in attachments.untrackedInterfaces where wanted[index] == nil {
            let name = links[InterfaceIndex(rawValue: index)]?.name ?? "interface \(index)"
            untracked[name] = nil
            do throws(DataplaneError) {
                try attachments.detachUntracked(from: name, index)
            } catch {
                unattached[name] = error
            }
        }
    }

    /// Names of the node's interfaces that carry our programs, by index, whose host endpoint is one
    /// of those asked for.
    private func interfaces(where isWanted: (cara_host) -> Bool) -> [UInt32: String] {
        let hosts = reconciler.actual.hosts
        var result: [UInt32: String] = [:]
        for index in attachments.hostInterfaces {
            guard let host = hosts[index] ?? hosts[HostEndpoints.anyInterface], isWanted(host),
                let link = links[InterfaceIndex(rawValue: index)]
            else { continue }
            result[index] = link.name
        }
        return result
    }
}

extension cara_host {
    /// Whether doNotTrack policy judges what comes in.
    var hasUntrackedIngress: Bool {
        [v4, v6].contains { $0.untracked_ingress != UInt32(CARA_PROGRAM_NONE) }
    }
}
