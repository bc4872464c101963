import BPF
import CBPFABI

/// Events that were not told.
package struct EventLosses: Hashable, Sendable {
    /// Drops beyond what may be told in a second.
    package var heldBack: UInt64 = 0
    /// Events that the ring buffer had no room for.
    package var lost: UInt64 = 0

    package init(heldBack: UInt64 = 0, lost: UInt64 = 0) {
        self.heldBack = heldBack
        self.lost = lost
    }
}

/// The pinned counters of packets by reason and of events, one value for each CPU.
struct Counters: ~Copyable {
    private let map: BPF.Map<UInt32, UInt64>
    private let meters: BPF.Map<UInt32, cara_meter>

    init(pinnedIn directory: String) throws(DataplaneError) {
        do throws(BPFError) {
            let map = try BPF.Map<UInt32, UInt64>(pinned: "\(directory)/cara_counters")
            meters = try BPF.Map(pinned: "\(directory)/cara_meters")
            self.map = map
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

    /// Events that were not told since the map was made.
    borrowing func losses() throws(DataplaneError) -> EventLosses {
        do throws(BPFError) {
            return try meters.perCPU(0).reduce(EventLosses()) { sum, meter in
                EventLosses(
                    heldBack: sum.heldBack &+ meter.held_back,
                    lost: sum.lost &+ meter.lost
                )
            }
        } catch {
            throw .missing(feature: "the meter of events", reason: "\(error)")
        }
    }
}
