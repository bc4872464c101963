package import Model

/// The programs of one local address.
package struct EndpointPrograms: Hashable, Sendable {
    package var id: EndpointID
    package var ingress: UInt32
    package var egress: UInt32
    /// What they would be were staged policies enforced; 0 where that changes nothing.
    package var stagedIngress: UInt32
    package var stagedEgress: UInt32

    package init(
        id: EndpointID,
        ingress: UInt32,
        egress: UInt32,
        stagedIngress: UInt32 = 0,
        stagedEgress: UInt32 = 0
    ) {
        self.id = id
        self.ingress = ingress
        self.egress = egress
        self.stagedIngress = stagedIngress
        self.stagedEgress = stagedEgress
    }
}

/// All tables of one policy program, as `bpf/abi/abi.h` describes them.
///
/// The id is derived from the content, so that an agent that starts anew gives the same program the
/// same id.
package struct ProgramTables: Hashable, Sendable {
    package struct PortPrefix: Hashable, Sendable {
        package var `protocol`: UInt8
        /// Host order; for ICMP type << 8 | code.
        package var port: UInt16
        /// How many bits of the port count: 0 covers the protocol, 16 is one port.
        package var length: Int

        package init(protocol: UInt8, port: UInt16, length: Int) {
            self.protocol = `protocol`
            self.port = port
            self.length = length
        }
    }

    package struct VerdictKey: Hashable, Sendable {
        package var group: UInt32
        package var portGroup: UInt32
        package var sourcePortGroup: UInt32

        package init(group: UInt32, portGroup: UInt32, sourcePortGroup: UInt32) {
            self.group = group
            self.portGroup = portGroup
            self.sourcePortGroup = sourcePortGroup
        }
    }

    package struct Verdict: Hashable, Sendable {
        package var isAllowed: Bool
        /// Id of the deciding rule, 0 for none.
        package var rule: UInt32
        /// Id of the first Log rule passed on the way, 0 for none.
        package var logRule: UInt32
        /// Nothing decides, and what comes after the program is asked; `isAllowed` is false then.
        package var goesOn: Bool

        package init(isAllowed: Bool, rule: UInt32, logRule: UInt32, goesOn: Bool = false) {
            self.isAllowed = isAllowed
            self.rule = rule
            self.logRule = logRule
            self.goesOn = goesOn
        }
    }

    /// One value of `cara_bitmaps`.
    package struct BitmapKey: Hashable, Sendable {
        package enum Side: UInt8, Hashable, Sendable {
            case remote
            case port
            case sourcePort
            /// Of group 0: all clauses that do not log.
            case silent
        }

        package var side: Side
        package var group: UInt32
        package var chunk: UInt16

        package init(side: Side, group: UInt32, chunk: UInt16) {
            self.side = side
            self.group = group
            self.chunk = chunk
        }
    }

    /// Which clauses of a chunk hold.
    package struct Bitmap: Hashable, Sendable {
        /// In a row's first chunk: its chunks that have bits.
        package var chunks: UInt64
        /// `CARA_BITMAP_WORDS` of them.
        package var words: [UInt64]

        package init(chunks: UInt64, words: [UInt64]) {
            self.chunks = chunks
            self.words = words
        }
    }

    /// A rule of a program in bitmap form, by its place in the order.
    package struct ClauseEntry: Hashable, Sendable {
        package enum Kind: UInt32, Hashable, Sendable {
            case deny
            case allow
            case log
            case pass
            case goOn
        }

        package var kind: Kind
        package var rule: UInt32
        /// Where a pass leads.
        package var next: UInt32

        package init(kind: Kind, rule: UInt32, next: UInt32) {
            self.kind = kind
            self.rule = rule
            self.next = next
        }
    }

    package var id: UInt32
    /// Verdicts are found by ANDing bitmaps, because a table would be too large.
    package var isBitmap = false
    package var usesSourcePorts = false
    /// The near end's class chooses the program that decides: `groups` and `defaultGroup` are ids of
    /// programs, and nothing else is there.
    package var isSplit = false
    /// Group of every class that `groups` does not name.
    package var defaultGroup: UInt32 = 0
    package var defaultPortGroup: UInt32 = 0
    /// Groups that `verdicts` does not name are denied by this rule; `nil` when all are named.
    package var defaultDenial: UInt32?
    package var groups: [UInt32: UInt32] = [:]
    package var ports: [PortPrefix: UInt32] = [:]
    package var sourcePorts: [PortPrefix: UInt32] = [:]
    package var verdicts: [VerdictKey: Verdict] = [:]
    /// Only in bitmap form, as `clauses`.
    package var bitmaps: [BitmapKey: Bitmap] = [:]
    package var clauses: [UInt32: ClauseEntry] = [:]

    package init(id: UInt32) {
        self.id = id
    }
}

/// What must become of the kernel's tables.
///
/// The dataplane applies the parts in the order in which they stand here; each is whole in the kernel
/// before the next begins, so that no packet meets a program without its tables or a class without
/// its groups.
package struct DataplaneChange: Hashable, Sendable {
    /// Programs under ids that no endpoint uses yet.
    package var programsAdded: [ProgramTables] = []
    /// Additions to programs in use: groups of classes new to them, and the verdicts of groups new
    /// to them.
    package var programsExtended: [ProgramTables] = []
    /// Programs that take another form under another id: whatever has the former one gets the
    /// latter, which says the same of every packet.
    package var reformed: [UInt32: UInt32] = [:]
    /// Label class of remote addresses; `nil` takes the prefix out.
    package var classes = ClassChanges()
    /// Programs of local addresses; `nil` when the address is local no more.
    package var endpoints: [Address: EndpointPrograms?] = [:]
    /// Programs of sources that are none of an endpoint's own addresses, by family.
    package var spoofers: [EndpointID: [Family: UInt32]?] = [:]
    /// The same were staged policies enforced, where that changes something.
    package var stagedSpoofers: [EndpointID: [Family: UInt32]?] = [:]
    /// Programs of host endpoints of this node; `nil` when there is no such endpoint any more.
    package var hosts: [EndpointID: HostPrograms?] = [:]
    /// Programs in use under which a flow that was judged before may now get another verdict.
    package var revoked: Set<UInt32> = []
    /// Parts of programs in use that nothing refers to any more: groups of classes that are gone.
    package var groupsRemoved: [UInt32: [UInt32]] = [:]
    /// Verdicts of groups that no class is in any more, in programs in use.
    package var verdictsRemoved: [UInt32: [ProgramTables.VerdictKey]] = [:]
    /// The same of programs in bitmap form.
    package var bitmapsRemoved: [UInt32: [ProgramTables.BitmapKey]] = [:]
    /// Programs that no endpoint uses any more.
    package var programsRemoved: [UInt32] = []
    /// Names of rules in the tables; `nil` when no table refers to it any more.
    package var rules: [UInt32: RuleName?] = [:]
    /// Local endpoints that do not get an address because another local endpoint has it; empty when
    /// an address is no longer in dispute.
    package var conflicts: [Address: [EndpointID]] = [:]
    /// What could not be compiled; the endpoint keeps its former program or, if it is new, is denied.
    package var failures: [CompileFailure] = []

    package init() {}

    package var isEmpty: Bool { self == DataplaneChange() }
}
