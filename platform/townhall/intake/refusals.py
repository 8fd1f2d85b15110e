"""Why a file from outside is not accepted: Chinese sentences, which the web shows in the reader's language."""


class Refused(ValueError):
    """A file that is not accepted; `reason` is one of the sentences below, `values` fill its places."""

    def __init__(self, reason: str, **values: object) -> None:
        self.reason, self.values = reason, values
        super().__init__(reason.format(**values) if values else reason)


NO_FILE = "請先選擇檔案"
NAME = "檔案名稱含有不能接受的字符，請改名後再上傳"
LONG_NAME = "檔案名稱過長，請改短後再上傳"
UNKNOWN_PICTURE = "只能上傳 PNG、JPEG 圖片或 SVG 圖形；其他格式（如 HEIC、WebP、PDF）請先另存為 JPEG"
UNKNOWN_SHEET = "只能讀取 CSV 和 XLSX 電子表格"
LARGE = "檔案超過 {limit} KB"
DOUBLE = "檔案中夾有另一種文件，請重新導出後再上傳"
BROKEN_PICTURE = "圖片不完整或已損壞"
PIXELS = "圖片超過 {limit} 萬像素，請縮小後再上傳"
TINY = "圖片太小，長寬都不得少於 {limit} 像素"
NARROW = "圖片過於狹長，長邊不得超過短邊的 {limit} 倍"
EXHAUSTING = "檔案過於複雜，處理時超出限度"
BROKEN_DRAWING = "不是可讀的 SVG 圖形"
ENTITIES = "SVG 含有實體或文檔類型聲明，請另存為「普通 SVG」"
FORBIDDEN = "SVG 含有不能接受的內容（{what}），請改存為 PNG"
OUTSIDE = "SVG 引用了外部內容，請改存為 PNG"
CROWDED = "SVG 過於複雜，請改存為 PNG"
EXTENT = "SVG 沒有可用的尺寸"
UNDRAWABLE = "SVG 不能按本平台的字體印出，請改存為 PNG"
