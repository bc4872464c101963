import BPF
import CBPFABI

/// The pinned counters of packets by reason, one value for each CPU.
struct Counters: ~Copyable {
    private let map: BPF.Map<UInt32, UInt64>
    private let path: String

    init(pinnedAt path: String) throws(DataplaneError) {
        self.path = path
        do throws(BPFError) {
            map = try BPF.Map(pinned: path)
        } catch {
            throw .missing(feature: "the packet counters", reason: "\(error)")
        }
    }

    /// Packets by reason since the map was made, reasons without any included.
    borrowing func read() throws(DataplaneError) -> [ReasonCount] {
        var result: [ReasonCount] = []
        for reason in Reason.all {
            do throws(BPFError) {
                let packets = try map.perCPU(reason.code).reduce(0, &+)
                result.append(ReasonCount(reason: reason, packets: packets))
            } catch {
                throw .missing(feature: "counter \(reason.name)", reason: "\(error)")
            }
        }
        return result
    }
}
