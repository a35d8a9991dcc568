"""Chinese words of programming in English: a query in Chinese reaches code that is in English.

The embedder that ships knows English; its vocabulary has single Chinese characters at best. So
the words that such a query most often holds are added in English, for words and meaning alike.
Longer entries win over shorter ones inside them.
"""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final[dict[str, str]] = {
    word: english
    for line in """
重试 retry|支付 payment pay|付款 payment|登录 login|登出 logout|注销 logout|注册 register|用户 user|密码 password|权限 permission
认证 authentication|鉴权 authorization|授权 authorization|令牌 token|会话 session|缓存 cache|数据库 database|连接池 connection pool
连接 connection|断开 disconnect|查询 query|搜索 search|查找 find|索引 index|排序 sort|过滤 filter|分页 pagination|事务 transaction
回滚 rollback|提交 commit|迁移 migration|模型 model|表单 form|字段 field|验证 validate|校验 validate|检查 check|解析 parse
序列化 serialize|反序列化 deserialize|编码 encode|解码 decode|加密 encrypt|解密 decrypt|签名 sign signature|哈希 hash|压缩 compress
解压 decompress|上传 upload|下载 download|文件 file|目录 directory|路径 path|读取 read|写入 write|保存 save|加载 load|删除 delete remove
创建 create|新建 create|更新 update|修改 modify|插入 insert|复制 copy|移动 move|重命名 rename|请求 request|响应 response|路由 route
中间件 middleware|处理器 handler|处理 handle|控制器 controller|视图 view|模板 template|渲染 render|静态文件 static files|接口 interface api
客户端 client|服务器 server|服务 service|代理 proxy|重定向 redirect|头部 header|跨域 cors|超时 timeout|异常 exception|错误 error
日志 log|调试 debug|警告 warning|监控 monitor|指标 metrics|配置 configuration config|设置 settings|环境变量 environment variable
参数 parameter|变量 variable|函数 function|方法 method|类 class|对象 object|实例 instance|继承 inherit|接收 receive|发送 send
消息 message|队列 queue|任务 task|调度 schedule|定时 timer schedule|线程 thread|进程 process|协程 coroutine|异步 async|同步 sync
并发 concurrency|锁 lock|死锁 deadlock|信号 signal|事件 event|回调 callback|监听 listen|订阅 subscribe|发布 publish|通知 notify
邮件 email|短信 sms|图片 image|视频 video|字符串 string|数字 number|列表 list|字典 dictionary|集合 set|数组 array|树 tree|节点 node
图 graph|遍历 traverse|递归 recursive|循环 loop|条件 condition|返回 return|计算 compute|转换 convert|格式化 format|日期 date|时间 time
时区 timezone|货币 currency|价格 price|订单 order|库存 stock inventory|购物车 cart|测试 test|模拟 mock|断言 assert|覆盖率 coverage
依赖 dependency|安装 install|构建 build|编译 compile|部署 deploy|启动 start|停止 stop|重启 restart|关闭 close|打开 open|初始化 initialize
销毁 destroy|清理 clean up|命令行 command line|插件 plugin|扩展 extension|版本 version|升级 upgrade|补丁 patch|合并 merge|分支 branch
限流 rate limit|负载均衡 load balance|健康检查 health check|分布式 distributed|集群 cluster|备份 backup|恢复 restore recover
垃圾回收 garbage collection|内存 memory|泄漏 leak|性能 performance|优化 optimize|批量 batch|流 stream|窗口 window|按钮 button
""".strip().split("\n")
    for word, _, english in (entry.partition(" ") for entry in line.split("|"))
}
_PATTERN = re.compile("|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True)))
_HAN = re.compile(r"[\u3400-\u9fff]")


def in_english(query: str) -> str:
    """The query with the English words for its Chinese ones behind it; others as they are."""
    if not _HAN.search(query):
        return query
    words = dict.fromkeys(_WORDS[match] for match in _PATTERN.findall(query))
    return f"{query} {' '.join(words)}" if words else query


def is_latin(query: str) -> bool:
    """Whether most letters are such that the model's measured limits hold."""
    letters = [c for c in query if c.isalpha()]
    return sum(c < "\u0250" for c in letters) * 2 >= len(letters)
