/// What the dataplane is told once, before it starts.
package struct Configuration: Sendable {
    /// Where maps and links are pinned; agents on one machine need one each.
    package var root: String
    /// `bpfDataIfacePattern`: interfaces of the node that carry our programs.
    package var dataInterfacePattern: String
    /// `interfacePrefix`: names of pods' links begin so.
    package var workloadPrefix: String
    /// Sizes of maps that are made anew; the ABI has the defaults.
    package var mapSizes: [MapName: Int]
    package var settings: Settings

    /// Calico's defaults.
    package static let defaultDataInterfacePattern =
        "^((en|wl|ww|sl|ib)[Popsx].*|(eth|wlan|wwan|bond).*)"

    package init(
        root: String = "/sys/fs/bpf/caracal",
        dataInterfacePattern: String = Self.defaultDataInterfacePattern,
        workloadPrefix: String = "cali",
        mapSizes: [MapName: Int] = [:],
        settings: Settings = Settings()
    ) {
        self.root = root
        self.dataInterfacePattern = dataInterfacePattern
        self.workloadPrefix = workloadPrefix
        self.mapSizes = mapSizes
        self.settings = settings
    }
}
