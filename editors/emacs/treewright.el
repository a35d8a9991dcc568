;;; treewright.el --- treewright in Eglot: search, graph, edits, chat  -*- lexical-binding: t -*-

;; Package-Requires: ((emacs "28.1") (eglot "1.9"))
;; Keywords: tools, languages

;;; Commentary:

;; Eglot itself gives definitions, references, rename, completion, code actions and problems.
;; This file tells it how the server is started and adds what is beside LSP:
;;
;;   (add-to-list 'load-path "~/src/treewright/editors/emacs")
;;   (require 'treewright)
;;   (add-hook 'python-mode-hook #'eglot-ensure)
;;
;; `treewright-search', `treewright-graph', `treewright-edit', `treewright-fix', `treewright-ask',
;; `treewright-task', `treewright-rate', `treewright-status', `treewright-doctor'.  Nothing is written to disk: files are
;; changed in buffers, and `save-some-buffers' writes them.

;;; Code:

(require 'cl-lib)
(require 'eglot)
(require 'subr-x)
(require 'xref)

(defgroup treewright nil "Trees and a graph of the workspace, and changes of it." :group 'eglot)

(defcustom treewright-command nil
  "The server's command line, a list of strings.
nil: $TREEWRIGHT_CMD, $VIRTUAL_ENV, the project's own .venv, then PATH."
  :type '(choice (const nil) (repeat string)))

(defcustom treewright-trusted t
  "Whether the server may change code and run programs of the workspace.
With nil no program inside the workspace is started, not even its .venv."
  :type 'boolean)

(defcustom treewright-modes '(python-mode python-ts-mode)
  "Major modes that treewright serves.  Eglot runs one server in a buffer.
Set it before this file is loaded."
  :type '(repeat symbol))

(defclass treewright-server (eglot-lsp-server) ()
  :documentation "A server of treewright.")

(defun treewright--root ()
  "The root of the project of this buffer, or nil."
  (when-let ((project (project-current))) (project-root project)))

(defun treewright-find-command ()
  "The command line that starts the server here."
  (let ((root (treewright--root)))
    (or treewright-command
        (when-let ((given (getenv "TREEWRIGHT_CMD"))) (split-string-and-unquote given))
        (cl-loop for folder in (list (getenv "VIRTUAL_ENV")
                                     (and treewright-trusted root (expand-file-name ".venv" root)))
                 for program = (and folder (expand-file-name "bin/treewright" folder))
                 when (and program (file-executable-p program))
                 return (list program "serve"))
        (list "treewright" "serve"))))

(defun treewright--contact (_interactive &rest _)
  "How Eglot starts the server.  An error names a program that is not there."
  (let ((command (treewright-find-command)))
    (unless (executable-find (car command) t)
      (user-error "treewright: `%s' cannot be run: pip install treewright, or set `treewright-command' or $TREEWRIGHT_CMD"
                  (car command)))
    (cons 'treewright-server command)))

(add-to-list 'eglot-server-programs (cons treewright-modes #'treewright--contact))

(cl-defmethod eglot-initialization-options ((_server treewright-server))
  "What `treewright-trusted' says."
  (if treewright-trusted (cl-call-next-method) '(:agent (:trusted :json-false))))

;;;; Requests

(defun treewright--server ()
  "The treewright of this buffer, else any that runs."
  (let ((current (eglot-current-server)))
    (cond ((and current (object-of-class-p current 'treewright-server)) current)
          ((cl-loop for servers being the hash-values of eglot--servers-by-project
                    thereis (cl-find-if (lambda (s) (object-of-class-p s 'treewright-server))
                                        servers)))
          (t (user-error "No treewright runs here; M-x eglot starts it")))))

(defun treewright--flush ()
  "Let the server know what was typed a moment ago, in every buffer."
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (bound-and-true-p eglot--managed-mode)
                 (fboundp 'eglot--signal-textDocument/didChange))
        (eglot--signal-textDocument/didChange)))))

(defun treewright--request (method params)
  "Ask the server and wait.  An error of the server is shown to the user."
  (treewright--flush)
  (condition-case err
      (jsonrpc-request (treewright--server) method params :timeout 60)
    (jsonrpc-error
     (user-error "treewright: %s"
                 (or (alist-get 'jsonrpc-error-message (cddr err)) (error-message-string err))))))

(defun treewright--execute (command &optional argument)
  "Run a COMMAND of the server with one ARGUMENT."
  (treewright--request :workspace/executeCommand
                       (list :command command :arguments (if argument (vector argument) []))))

(defun treewright--document ()
  "This buffer, for the protocol."
  (list :uri (plist-get (eglot--TextDocumentIdentifier) :uri)))

(defun treewright--range (beg end)
  "BEG and END, for the protocol."
  (list :start (eglot--pos-to-lsp-position beg) :end (eglot--pos-to-lsp-position end)))

(defun treewright--path (uri)
  "The file of URI."
  (if (fboundp 'eglot-uri-to-path) (eglot-uri-to-path uri) (eglot--uri-to-path uri)))

(defvar treewright--listeners (make-hash-table :test #'equal) "Token -> who takes its parts.")
(defvar treewright--tokens 0)

(cl-defmethod eglot-handle-notification
  ((_server treewright-server) (_method (eql $/progress)) &rest params &key token value
   &allow-other-keys)
  "Parts of an answer go to who waits for them, the rest is Eglot's."
  (ignore params)
  (if-let ((take (gethash token treewright--listeners)))
      (funcall take value)
    (condition-case nil (cl-call-next-method)
      (cl-no-next-method nil)))) ; Eglot 1.9 shows no progress

;;;; Places

(cl-defstruct (treewright--location (:include xref-file-location)
                                    (:constructor treewright--make-location))
  search result)

(defvar treewright--unopened nil "The search whose list is shown and of which nothing was opened.")
(defvar-local treewright--opened nil "Search and result that this file was opened from.")

(defun treewright--tell-search (search action &optional result)
  "Tell the server that RESULT of SEARCH, or all of it, met with ACTION."
  (ignore-errors
    (jsonrpc-async-request
     (treewright--server) :workspace/executeCommand
     (list :command "treewright.feedback.search"
           :arguments (vector `(:search ,search :action ,action
                                ,@(and result (list :result result)))))
     :success-fn #'ignore :error-fn #'ignore)))

(defun treewright--ignored ()
  "Of the list that is left nothing was opened: that is told once."
  (when treewright--unopened
    (pcase-let ((`(,search . ,buffer) treewright--unopened))
      (setq treewright--unopened nil)
      (when (buffer-live-p buffer)
        (with-current-buffer buffer (treewright--tell-search search "ignored"))))))

(defun treewright--copied ()
  "Text of a file that a search led to was copied: the result was of use."
  (when (memq this-command '(kill-ring-save copy-region-as-kill kill-region))
    (remove-hook 'post-command-hook #'treewright--copied t)
    (when treewright--opened
      (treewright--tell-search (car treewright--opened) "used" (cdr treewright--opened)))))

(cl-defmethod xref-location-marker ((place treewright--location))
  "Where PLACE is; that a result of a search was opened is told once."
  (let ((marker (cl-call-next-method))
        (search (treewright--location-search place)))
    (when search
      (setf (treewright--location-search place) nil)
      (setq treewright--unopened nil)
      (with-current-buffer (marker-buffer marker)
        (treewright--tell-search search "opened" (treewright--location-result place))
        (setq treewright--opened (cons search (treewright--location-result place)))
        (add-hook 'post-command-hook #'treewright--copied nil t)))
    marker))

(defun treewright--show (title items)
  "Show xref ITEMS, or say that there is nothing of TITLE."
  (if (null items)
      (message "treewright: nothing found: %s" title)
    (xref-show-xrefs (lambda () items) nil)))

(defun treewright--found-item (found)
  "A result of treewright/search, for xref."
  (let* ((place (plist-get found :place))
         (start (plist-get (plist-get place :range) :start))
         (name (if (string-empty-p (or (plist-get found :symbol) ""))
                   (plist-get found :kind)
                 (plist-get found :symbol)))
         (line (car (split-string (plist-get found :snippet) "\n" t "[ \t\r]+"))))
    (xref-make (format "[%s] %s" name (or line ""))
               (treewright--make-location
                :file (treewright--path (plist-get place :uri))
                :line (1+ (plist-get start :line)) :column (plist-get start :character)
                :search (plist-get found :search) :result (plist-get found :result)))))

;;;###autoload
(defun treewright-search (query)
  "Find code by words and by meaning."
  (interactive "sSearch code: ")
  (treewright--ignored)
  (let* ((asked (current-buffer))
         (found (treewright--request :treewright/search (list :query query :limit 30)))
         (search (and (> (length found) 0) (plist-get (elt found 0) :search))))
    (treewright--show query (mapcar #'treewright--found-item found))
    (when search
      (setq treewright--unopened (cons search asked))
      (when-let ((list (get-buffer "*xref*")))
        (with-current-buffer list
          (add-hook 'kill-buffer-hook #'treewright--ignored nil t)
          (add-hook 'quit-window-hook #'treewright--ignored nil t))))))

;;;###autoload
(defun treewright-graph (relation symbol)
  "Show what stands in RELATION to SYMBOL in the code graph."
  (interactive
   (list (completing-read "Relation: " '("callers" "callees" "references" "definitions"
                                         "subclasses" "importers" "tests") nil t)
         (read-string "Symbol: " (thing-at-point 'symbol t))))
  (let ((root (treewright--root)))
    (treewright--show
     (format "%s of %s" relation symbol)
     (mapcar (lambda (row)
               (xref-make (format "%s  (%s, %s)" (plist-get row :text) (plist-get row :kind)
                                  (plist-get row :confidence))
                          (xref-make-file-location
                           (expand-file-name (plist-get row :path) root)
                           (or (plist-get row :line) (plist-get row :start_line))
                           (1- (or (plist-get row :column) 1)))))
             (treewright--execute "treewright.graph" (list :relation relation :symbol symbol))))))

;;;###autoload
(defun treewright-status ()
  "Say what is indexed and which model is set up."
  (interactive)
  (let* ((status (treewright--request :treewright/status (make-hash-table)))
         (model (plist-get status :model)))
    (message "%s\nmodel: %s"
             (mapconcat (lambda (folder)
                          (format "%s: %d files, %d symbols%s" (plist-get folder :name)
                                  (plist-get folder :files) (plist-get folder :symbols)
                                  (if (eq (plist-get folder :ready) t) ""
                                    (format ", %d left to read" (plist-get folder :pending)))))
                        (plist-get status :folders) "\n")
             (if (equal (plist-get model :state) "none") "none" (plist-get model :name)))))

;;;###autoload
(defun treewright-doctor ()
  "Show what `treewright doctor' says of the program that Eglot would start.
Also why a server does not start: what the program says is shown whole."
  (interactive)
  (let ((command (append (butlast (treewright-find-command)) '("doctor"))))
    (with-current-buffer (get-buffer-create "*treewright doctor*")
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert "$ " (mapconcat #'identity command " ") "\n")
        (condition-case err
            (apply #'process-file (car command) nil t nil (cdr command))
          (file-error (insert (error-message-string err) "\n"))))
      (special-mode)
      (goto-char (point-min))
      (display-buffer (current-buffer)))))

;;;; Changes

(defun treewright--hunks (proposal)
  "All hunks of PROPOSAL as plists with their :file."
  (cl-loop for file across (plist-get proposal :changes)
           append (mapcar (lambda (hunk) (append (list :file file) hunk))
                          (plist-get file :hunks))))

(defun treewright--groups (hunk)
  "What HUNK belongs to."
  (let ((groups (append (plist-get hunk :groups) nil)))
    (or groups (list (concat "#" (plist-get hunk :id))))))

(defun treewright--with-needed (wanted hunks)
  "Those of HUNKS that share a group with one of WANTED."
  (let ((groups (mapcan (lambda (hunk) (copy-sequence (treewright--groups hunk))) wanted)))
    (cl-remove-if-not (lambda (hunk) (cl-intersection (treewright--groups hunk) groups :test #'equal))
                      hunks)))

(defun treewright--diff (proposal hunks)
  "Show HUNKS of PROPOSAL as a diff, with what was checked."
  (with-current-buffer (get-buffer-create "*treewright proposal*")
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert (plist-get proposal :title) "\n")
      (cl-loop for check across (plist-get (plist-get proposal :report) :checks)
               do (insert (format "%s %s\n" (plist-get check :name) (plist-get check :status))))
      (let (last)
        (dolist (hunk hunks)
          (let ((path (plist-get (plist-get hunk :file) :path)))
            (unless (equal path last)
              (insert (format "\n--- %s\n+++ %s\n" path path)))
            (setq last path)
            (insert (format "@@ -%d @@ %s\n"
                            (1+ (plist-get (plist-get (plist-get hunk :range) :start) :line))
                            (plist-get hunk :note)))
            (cl-loop for (sign key) in '(("-" :oldText) ("+" :newText))
                     do (dolist (line (split-string (plist-get hunk key) "\n"))
                          (insert sign line "\n"))))))
      (diff-mode)
      (setq buffer-read-only t)
      (goto-char (point-min)))
    (display-buffer (current-buffer))))

(defun treewright--whole-file-p (hunk)
  "Whether HUNK makes, renames or deletes its file."
  (and (not (equal (plist-get (plist-get hunk :file) :kind) "edit"))
       (string-suffix-p "/file" (plist-get hunk :id))))

(defun treewright--region-of (hunk)
  "Beginning and end of HUNK in this buffer.
An error when the text there is not the one that it was made for."
  (let* ((range (plist-get hunk :range))
         (beg (eglot--lsp-position-to-point (plist-get range :start)))
         (end (eglot--lsp-position-to-point (plist-get range :end))))
    (unless (equal (buffer-substring-no-properties beg end)
                   (replace-regexp-in-string "\r\n?" "\n" (plist-get hunk :oldText)))
      (user-error "treewright: %s has changed since this was proposed"
                  (plist-get (plist-get hunk :file) :path)))
    (cons beg end)))

(defun treewright--apply (hunks)
  "Put HUNKS into their buffers, one undo step in each.
Nothing is changed when one does not fit."
  (let (edits whole)
    (dolist (hunk hunks)
      (if (treewright--whole-file-p hunk)
          (push hunk whole)
        (let ((buffer (find-file-noselect
                       (treewright--path (plist-get (plist-get hunk :file) :uri)))))
          (with-current-buffer buffer
            (save-restriction
              (widen)
              (let ((region (treewright--region-of hunk)))
                (push (list (copy-marker (car region)) (copy-marker (cdr region))
                            (plist-get hunk :newText))
                      (alist-get buffer edits))))))))
    (cl-loop for (buffer . mine) in edits
             do (with-current-buffer buffer
                  (undo-boundary)
                  (save-excursion
                    (save-restriction
                      (widen)
                      (atomic-change-group
                        (cl-loop for (beg end text) in mine ; from the end: insertions keep their order
                                 do (goto-char beg)
                                 (delete-region beg end)
                                 (insert (replace-regexp-in-string "\r\n?" "\n" text))))))
                  (undo-boundary)))
    (dolist (hunk whole)
      (let* ((file (plist-get hunk :file)) (path (treewright--path (plist-get file :uri))))
        (pcase (plist-get file :kind)
          ("create"
           (when (file-exists-p path) (user-error "treewright: %s is there already" path))
           (make-directory (file-name-directory path) t)
           (with-current-buffer (find-file-noselect path) (insert (plist-get hunk :newText))))
          ("rename"
           (let ((new (treewright--path (plist-get file :newUri))) (buffer (find-buffer-visiting path)))
             (make-directory (file-name-directory new) t)
             (rename-file path new)
             (when buffer
               (with-current-buffer buffer (set-visited-file-name new t t)))))
          ("delete"
           (delete-file path t)))))))

(defun treewright--settle (proposal accepted rejected verdict &optional comment)
  "Tell the server what became of PROPOSAL."
  (cl-flet ((ids (hunks) (apply #'vector (mapcar (lambda (hunk) (plist-get hunk :id)) hunks))))
    (treewright--request
     :treewright/proposals/settle
     (append (list :proposal (plist-get proposal :id) :accepted (ids accepted)
                   :rejected (ids rejected) :final t :verdict verdict)
             (and comment (list :comment comment))))))

(defun treewright--choose (hunks)
  "Ask hunk by hunk.  What is useless without each other is asked once."
  (let ((left hunks) accepted)
    (while left
      (let* ((hunk (car left)) (together (treewright--with-needed (list hunk) left)))
        (when (y-or-n-p (format "%s:%d: %s%s? "
                                (plist-get (plist-get hunk :file) :path)
                                (1+ (plist-get (plist-get (plist-get hunk :range) :start) :line))
                                (truncate-string-to-width
                                 (string-trim (concat (plist-get hunk :oldText) " → "
                                                      (plist-get hunk :newText)))
                                 60 nil nil "…")
                                (if (cdr together)
                                    (format " (with %d more)" (1- (length together)))
                                  "")))
          (setq accepted (append accepted together)))
        (setq left (cl-set-difference left together))))
    accepted))

(defun treewright-review (proposal)
  "Show PROPOSAL and ask what of it is taken.  Nothing is changed before."
  (let ((hunks (treewright--hunks proposal)))
    (treewright--diff proposal hunks)
    (pcase (car (read-multiple-choice
                 (format "%s (%d hunks)" (plist-get proposal :title) (length hunks))
                 '((?y "all") (?h "hunk by hunk") (?n "reject") (?q "leave it"))))
      (?q (treewright--settle proposal nil nil "dismissed"))
      (?n (treewright--settle proposal nil hunks "rejected"))
      (choice
       (let* ((accepted (if (eq choice ?y) hunks (treewright--choose hunks)))
              (rejected (cl-set-difference hunks accepted)))
         (when accepted (treewright--apply accepted))
         (treewright--flush)
         (treewright--settle proposal accepted rejected (if accepted "accepted" "rejected"))
         (message "treewright: %d of %d hunks are in" (length accepted) (length hunks)))))
    (when-let ((window (get-buffer-window "*treewright proposal*")))
      (quit-window nil window))))

(defun treewright--offered (answer)
  "Review what was offered, or say why nothing was."
  (if-let ((proposal (plist-get answer :proposal)))
      (treewright-review proposal)
    (message "treewright: no change is proposed: %s"
             (plist-get (plist-get answer :refused) :reason))))

(defun treewright--subject ()
  "The region, else the function around point, else its line."
  (cond ((use-region-p) (cons (region-beginning) (region-end)))
        ((save-excursion
           (let ((here (point)) beg)
             (ignore-errors
               (end-of-line)
               (beginning-of-defun)
               (setq beg (point))
               (end-of-defun)
               (and (<= beg here) (< here (point)) (cons beg (point)))))))
        (t (cons (line-beginning-position) (line-end-position)))))

;;;###autoload
(defun treewright-edit (instruction)
  "Ask for a change of the region or of the function at point."
  (interactive "sWhat should change? ")
  (let ((subject (treewright--subject)))
    (treewright--offered
     (treewright--request :treewright/edit
                          (list :textDocument (treewright--document)
                                :range (treewright--range (car subject) (cdr subject))
                                :instruction instruction)))))

;;;###autoload
(defun treewright-propose (operation arguments)
  "Plan OPERATION with ARGUMENTS, a plist, and review it."
  (treewright--offered (treewright--request :treewright/propose
                                            (list :operation operation :arguments arguments))))

;;;###autoload
(defun treewright-fix ()
  "Fix the problem at point: what rules offer, under review."
  (interactive)
  (let* ((actions (treewright--request
                   :textDocument/codeAction
                   (list :textDocument (treewright--document)
                         :range (treewright--range (line-beginning-position) (line-end-position))
                         :context (list :diagnostics [] :only ["quickfix"]))))
         (ours (cl-remove-if-not
                (lambda (action) (eql 1 (plist-get (plist-get action :data) :treewright))) actions))
         (titles (mapcar (lambda (action) (plist-get action :title)) ours)))
    (if (null ours)
        (message "treewright: no fix is offered here")
      (let ((title (if (cdr titles) (completing-read "Fix: " titles nil t) (car titles))))
        (treewright-review
         (treewright--request
          :treewright/proposals/get
          (plist-get (cl-find title ours :key (lambda (a) (plist-get a :title)) :test #'equal)
                     :data)))))))

;;;; Chat

(defvar-local treewright--answer nil "Id of the last answer in this buffer.")
(defvar treewright--history nil "The turns of the conversation, oldest first.")

(defun treewright--chat-buffer ()
  "The buffer of the conversation."
  (let ((buffer (get-buffer-create "*treewright chat*")))
    (with-current-buffer buffer
      (unless (derived-mode-p 'special-mode)
        (special-mode)
        (visual-line-mode)))
    buffer))

(defun treewright--say (text)
  "Append TEXT to the chat; control characters of a model do nothing."
  (with-current-buffer (treewright--chat-buffer)
    (let ((inhibit-read-only t) (follow (= (point) (point-max))))
      (save-excursion
        (goto-char (point-max))
        (insert (replace-regexp-in-string "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]" "" text)))
      (when follow
        (goto-char (point-max))
        (when-let ((window (get-buffer-window (current-buffer) t)))
          (set-window-point window (point-max)))))))

(defun treewright--part (part)
  "Show one PART of an answer."
  (pcase (plist-get part :kind)
    ("text" (treewright--say (plist-get part :text)))
    ("step" (let ((step (plist-get part :step)))
              (treewright--say (format "\n- %s %s" (plist-get step :state) (plist-get step :title)))))
    ("notice" (treewright--say (format "\n> %s\n" (plist-get part :text))))))

(defun treewright--done (message token spoken result)
  "The answer RESULT to MESSAGE is whole.
SPOKEN says whether its text came in parts, under TOKEN."
  (remhash token treewright--listeners)
  (unless spoken (treewright--say (plist-get result :text)))
  (cl-loop for citation across (plist-get result :citations)
           for place = (plist-get citation :place)
           do (treewright--say (format "\n[%d] %s:%d" (plist-get citation :number)
                                       (plist-get place :path)
                                       (1+ (plist-get (plist-get (plist-get place :range) :start)
                                                      :line)))))
  (treewright--say (format "\n\nAnswered by %s\n\n" (plist-get result :rung)))
  (setq treewright--history
        (append treewright--history (list (list :role "user" :text message)
                                          (list :role "assistant" :text (plist-get result :text)))))
  (with-current-buffer (treewright--chat-buffer)
    (setq treewright--answer (plist-get result :id)))
  (cl-loop for id across (plist-get result :proposals)
           do (treewright-review
               (treewright--request :treewright/proposals/get (list :proposal id)))))

(defconst treewright--longest-message 100000 "Characters that the server takes.")

(defun treewright--chat (message mode context)
  "Send MESSAGE; the answer streams into the chat buffer."
  (treewright--flush)
  (when (> (length message) treewright--longest-message)
    (setq message (substring message 0 treewright--longest-message))
    (treewright--say (format "> The message was cut to %d characters.\n\n"
                             treewright--longest-message)))
  (let* ((token (format "treewright-emacs-%d-%d" (emacs-pid) (cl-incf treewright--tokens)))
         (spoken nil))
    (treewright--say (format "You: %s\n\n" message))
    (puthash token (lambda (part)
                     (when (equal (plist-get part :kind) "text") (setq spoken t))
                     (treewright--part part))
             treewright--listeners)
    (jsonrpc-async-request
     (treewright--server) :treewright/chat
     (list :message message :mode mode :context (apply #'vector context)
           :history (apply #'vector (last treewright--history 20)) :partialResultToken token)
     :timeout 3600
     :success-fn (lambda (result)
                   ;; Not from the process filter: a review asks the user.
                   (run-at-time 0 nil #'treewright--done message token spoken result))
     :error-fn (lambda (err)
                 (remhash token treewright--listeners)
                 (treewright--say (format "\n> Failed: %s\n\n" (plist-get err :message)))))
    (display-buffer (treewright--chat-buffer))))

(defun treewright--context ()
  "The region or the file, for the chat."
  (when (and buffer-file-name (bound-and-true-p eglot--managed-mode))
    (let ((uri (plist-get (treewright--document) :uri)))
      (list (if (use-region-p)
                (list :kind "selection" :uri uri
                      :range (treewright--range (region-beginning) (region-end)))
              (list :kind "file" :uri uri))))))

;;;###autoload
(defun treewright-ask (question)
  "Ask about the code; the region or this file goes along."
  (interactive "sAsk: ")
  (treewright--chat question "ask" (treewright--context)))

;;;###autoload
(defun treewright-task (request)
  "Ask for a change of the workspace.  It is put under review."
  (interactive "sWhat should be done? ")
  (treewright--chat request "task" (treewright--context)))

;;;###autoload
(defun treewright-rate (rating &optional comment)
  "Say what you think of the last answer of the chat: RATING is 1, 0 or -1."
  (interactive (list (if (y-or-n-p "Was the last answer of use? ") 1 -1)
                     (read-string "Comment: ")))
  (let ((answer (with-current-buffer (treewright--chat-buffer) treewright--answer)))
    (unless answer (user-error "There is no answer yet"))
    (treewright--execute "treewright.feedback.rate"
                         (list :subject answer :rating rating :comment (or comment "")))))

(provide 'treewright)

;;; treewright.el ends here
